/**
 * The register of anchors: how far each server's chain had come at some time. A chain that is
 * shorter than its anchor, or other than it, was cut or exchanged.
 */
import { DomainError } from "../errors.ts";

export const anchorsRegister = "audit-anchors";

export interface Anchor {
	/** The first generation that retention has left. */
	readonly first: number;
	readonly generation: number;
	/** SHA-256 (hex) of that record. */
	readonly hash: string;
	/** ISO 8601. */
	readonly at: string;
}

export interface Anchors {
	readonly schema: 1;
	/** By the chain's instance. */
	readonly chains: Readonly<Record<string, Anchor>>;
}

export const noAnchors: Anchors = { schema: 1, chains: {} };

const instanceForm = /^[0-9a-f]{32}$/;

/** Whether the text can name a server's chain. */
export function isInstance(text: string): boolean {
	return instanceForm.test(text);
}

/** Checks what the register holds. Fails with `storage_corrupt`. */
export function parseAnchors(value: unknown): Anchors {
	const anchors = value as Partial<Anchors> | null;
	const isKnown =
		anchors?.schema === 1 &&
		anchors.chains !== null &&
		typeof anchors.chains === "object" &&
		Object.entries(anchors.chains).every(
			([instance, anchor]) =>
				isInstance(instance) &&
				Number.isInteger(anchor?.first) &&
				Number.isInteger(anchor.generation) &&
				typeof anchor.hash === "string" &&
				typeof anchor.at === "string",
		);
	if (!isKnown) {
		throw new DomainError("storage_corrupt", "the anchors of the audit trail are damaged", {
			hint: "run `taco doctor` on the store",
		});
	}
	return anchors as Anchors;
}
