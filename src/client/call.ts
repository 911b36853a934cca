/** Answers as what they should be, or ClientError `invalid_response`. */
import { ClientError } from "./errors.ts";
import type { ApiRequest, Http } from "./http.ts";

export interface CallOptions {
	readonly signal?: AbortSignal | undefined;
}

/** The id as one path segment: `/` becomes `__`, which no id holds. */
export function unitSegment(id: string): string {
	return encodeURIComponent(id.replaceAll("/", "__"));
}

/** Sends, and gives a JSON object that has the field by which the answer is known. */
export async function callFor<T>(
	http: Http,
	request: ApiRequest,
	field: keyof T & string,
): Promise<T> {
	const value = await http.json(request);
	if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) throw foreign();
	return value as T;
}

/** Sends, and gives a JSON array. */
export async function listFor<T>(http: Http, request: ApiRequest): Promise<T[]> {
	const value = await http.json(request);
	if (!Array.isArray(value)) throw foreign();
	return value as T[];
}

function foreign(): ClientError {
	return new ClientError("invalid_response", "the answer is not one of an OpenTaco server", {
		hint: "check the address in --server or OPENTACO_SERVER",
	});
}
