/** What is told to the user, and where in the configuration. */
import { severities } from "../wire/messages.ts";

export interface Diagnostic {
	readonly severity: keyof typeof severities;
	readonly summary: string;
	readonly detail: string;
	/** The attribute that it is about. */
	readonly attribute?: string | undefined;
}

/** An operation that did not succeed, as the user should read it. */
export class ProviderError extends Error {
	readonly detail: string;
	readonly attribute: string | undefined;

	constructor(summary: string, detail: string, attribute?: string) {
		super(summary);
		this.name = "ProviderError";
		this.detail = detail;
		this.attribute = attribute;
	}
}

export function encodableDiagnostic(diagnostic: Diagnostic) {
	const { severity, summary, detail, attribute } = diagnostic;
	return {
		severity: severities[severity],
		summary,
		detail,
		...(attribute === undefined ? {} : { attribute: { steps: [{ attributeName: attribute }] } }),
	};
}
