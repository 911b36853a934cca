/** ETags (RFC 9110 section 8.8.3) and the conditions that clients build from them. */
import { DomainError } from "../../core/errors.ts";

/** The ETag of a unit as a whole. */
export function generationTag(generation: number): string {
	return `"g${generation}"`;
}

/** The ETag of a state's bytes. */
export function contentTag(sha256: string): string {
	return `"${sha256}"`;
}

function singleTag(request: Request): string | null {
	const text = request.headers.get("if-match")?.trim();
	if (text === undefined || text === "*") return null;
	const tag = /^"([^"]*)"$/.exec(text)?.[1];
	if (tag === undefined) {
		throw new DomainError("invalid_request", "If-Match must hold one strong entity tag", {
			hint: "send back the ETag that the server gave, quotes included",
		});
	}
	return tag;
}

/** The generation that If-Match names; undefined without one. A tag of anything else never matches. */
export function ifGeneration(request: Request): number | undefined {
	const tag = singleTag(request);
	if (tag === null) return undefined;
	const digits = /^g([0-9]{1,15})$/.exec(tag)?.[1];
	return digits === undefined ? -1 : Number(digits);
}

/** The SHA-256 that If-Match names; undefined without one. */
export function ifContent(request: Request): string | undefined {
	return singleTag(request) ?? undefined;
}

/** Whether If-None-Match names this tag: the client has the bytes already. */
export function isKnownToClient(request: Request, tag: string): boolean {
	const text = request.headers.get("if-none-match");
	if (text === null) return false;
	const tags = text.split(",").map((part) => part.trim().replace(/^W\//, ""));
	return tags.includes("*") || tags.includes(tag);
}
