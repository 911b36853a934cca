/**
 * Ids of what is in an organization: a kind and 16 letters and digits, as clients of the vendor's API
 * check them. The first of these tell the organization, so that an id alone is enough to find it:
 * `1` the default one, four digits of which the first is no `1` any other.
 */
import { createHash } from "node:crypto";
import { base58Digits } from "../../lib/base58.ts";
import type { Random } from "../ports/random.ts";

const digitsInId = 16;
const headOfDefault = "1";
const headDigits = 4;

const idForm = /^[a-z]+-([1-9A-HJ-NP-Za-km-z]{16})$/;

function digestOf(...texts: readonly string[]): Uint8Array {
	return createHash("sha256").update(texts.join("\0")).digest();
}

/** What ids in the organization of this key begin with; null: the default one. */
export function idHeadOf(key: string | null): string {
	if (key === null) return headOfDefault;
	for (let count = 0; ; count++) {
		const head = base58Digits(digestOf("organization", key, String(count)), headDigits);
		if (!head.startsWith(headOfDefault)) return head;
	}
}

/** The head of an id of this form; null for any other text. */
export function idHeadIn(id: string): string | null {
	const digits = idForm.exec(id)?.[1];
	if (digits === undefined) return null;
	return digits.startsWith(headOfDefault) ? headOfDefault : digits.slice(0, headDigits);
}

function idOf(kind: string, { idHead }: { readonly idHead: string }, bytes: Uint8Array): string {
	return `${kind}-${idHead}${base58Digits(bytes, digitsInId - idHead.length)}`;
}

/** A fresh id, of at least 70 random bits. */
export function newId(
	kind: string,
	organization: { readonly idHead: string },
	random: Random,
): string {
	return idOf(kind, organization, random.bytes(16));
}

/**
 * The id of what is told from others of its kind by a text: for the same text always the same, and
 * for another text another one, as far as 70 bits of a SHA-256 tell them apart (88 in the default
 * organization).
 */
export function derivedId(
	kind: string,
	organization: { readonly idHead: string },
	text: string,
): string {
	return idOf(kind, organization, digestOf(kind, organization.idHead, text));
}
