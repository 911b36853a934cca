/** Outputs of units: `/v1/units/<id>/outputs`. */
import type { UnitOutputs } from "../api/outputs.ts";
import { parseRawNumbers } from "../lib/raw-json.ts";
import { type CallOptions, callFor, unitSegment } from "./call.ts";
import type { Http } from "./http.ts";

export interface OutputsOptions extends CallOptions {
	/** Only these; `not_found` when one is not there. */
	readonly names?: readonly string[] | undefined;
	/** Not of the current state but of this version. */
	readonly version?: number | undefined;
}

/**
 * The outputs that the caller may read. Numbers that JavaScript would change are `RawNumber`s, so
 * that `JSON.stringify` of a value is the value as it stands in the state. Throws ClientError, and
 * nothing else.
 */
export async function readOutputs(
	http: Http,
	unit: string,
	{ names = [], version, signal }: OutputsOptions,
): Promise<UnitOutputs> {
	const query: [string, string][] = names.map((name) => ["name", name]);
	if (version !== undefined) query.push(["version", String(version)]);
	const path = `/v1/units/${unitSegment(unit)}/outputs`;
	const request = { method: "GET", path, query, repeatable: true, signal } as const;
	return await callFor<UnitOutputs>(http, { ...request, parse: parseRawNumbers }, "outputs");
}
