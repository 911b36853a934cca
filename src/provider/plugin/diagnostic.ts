/** What is told to the user, and where in the configuration. */
import { severities } from "../wire/messages.ts";

/** A step from a value into it: an attribute's name, a list's index, or a map's key. */
export type PathStep = string | number | { readonly key: string };

export interface Diagnostic {
	readonly severity: keyof typeof severities;
	readonly summary: string;
	readonly detail: string;
	/** What it is about: an attribute, or a way into one. */
	readonly at?: string | readonly PathStep[] | undefined;
}

/** An operation that did not succeed, as the user should read it. */
export class ProviderError extends Error {
	readonly detail: string;
	readonly at: Diagnostic["at"];

	constructor(summary: string, detail: string, at?: Diagnostic["at"]) {
		super(summary);
		this.name = "ProviderError";
		this.detail = detail;
		this.at = at;
	}
}

export function encodableDiagnostic({ severity, summary, detail, at }: Diagnostic) {
	const told = { severity: severities[severity], summary, detail };
	if (at === undefined) return told;
	const path = typeof at === "string" ? [at] : at;
	return { ...told, attribute: { steps: path.map(encodableStep) } };
}

function encodableStep(step: PathStep) {
	if (typeof step === "string") return { attributeName: step };
	return typeof step === "number" ? { elementKeyInt: step } : { elementKeyString: step.key };
}
