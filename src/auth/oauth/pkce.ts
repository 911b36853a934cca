/** Proof Key for Code Exchange, S256 only (RFC 7636). */
import { createHash } from "node:crypto";
import { isSameDigest } from "../digest.ts";

/** A SHA-256 in base64url: always 43 characters, in the one canonical spelling. */
export function isChallenge(text: string): boolean {
	return (
		/^[A-Za-z0-9_-]{43}$/.test(text) &&
		Buffer.from(text, "base64url").toString("base64url") === text
	);
}

/** The S256 challenge of a verifier. */
export function challengeOf(verifier: string): string {
	return createHash("sha256").update(verifier, "ascii").digest("base64url");
}

/** Whether the verifier has the right form (RFC 7636, 4.1) and is the one of the challenge. */
export function isVerifierOf(verifier: string, challenge: string): boolean {
	if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier) || !isChallenge(challenge)) return false;
	return isSameDigest(Buffer.from(challengeOf(verifier), "ascii"), Buffer.from(challenge, "ascii"));
}
