/** Outputs over `/v1`, with the values as they stand in the state. */
import { UnitOutputs } from "../../../api/outputs.ts";
import { DomainError } from "../../../core/errors.ts";
import type { Output } from "../../../core/outputs/output.ts";
import type { ShownOutputs } from "../../../core/outputs/service.ts";
import { contentTag, isKnownToClient } from "../../shared/preconditions.ts";
import { readCount, type UnitOperation } from "./operation.ts";

/** Those with these names, in the order of the state; all without a name. Fails with `not_found`. */
function named(outputs: readonly Output[], names: readonly string[]): readonly Output[] {
	if (names.length === 0) return outputs;
	const wanted = new Set(names);
	const found = outputs.filter(({ name }) => wanted.has(name));
	if (found.length === wanted.size) return found;
	throw new DomainError("not_found", "the unit has no output of this name", {
		hint: "`taco unit output <id>` lists the outputs that you may read",
	});
}

/** `UnitOutputs` as text, because JavaScript's numbers would change what is in the state. */
function outputsJson(id: string, { version, isOpaque }: ShownOutputs, outputs: readonly Output[]) {
	const head = {
		unit: id,
		version: version?.number ?? null,
		serial: version?.serial ?? null,
		encrypted: isOpaque,
	} satisfies Omit<UnitOutputs, "outputs">;
	const members = outputs.map(
		({ name, isSensitive, typeText, valueText }) =>
			`${JSON.stringify(name)}:{"sensitive":${isSensitive},"type":${typeText ?? "null"},"value":${valueText}}`,
	);
	return `${JSON.stringify(head).slice(0, -1)},"outputs":{${members.join(",")}}}`;
}

const listOutputs: UnitOperation = {
	scope: "unit",
	id: "listOutputs",
	method: "GET",
	path: "/v1/units/:id/outputs",
	tag: "States",
	summary: "The outputs of the state that the caller may read, sensitive ones too",
	query: [
		{
			name: "name",
			description: "Only this output; may be repeated. 404 when there is none",
			schema: { type: "array", items: { type: "string" } },
		},
		{
			name: "version",
			description: "Of a version instead of the current one; for those who may read the state",
			schema: { type: "integer", minimum: 1 },
		},
	],
	headers: [
		{
			name: "If-None-Match",
			description: "The ETag of an earlier answer: 304 when it is still the same",
			schema: { type: "string" },
		},
	],
	success: { status: 200, schema: UnitOutputs },
	failures: [404, 413],
	async handle({ request, caller, context, id, deps }) {
		const version = readCount(context.query, "version");
		const options = version === undefined ? {} : { version };
		const shown = await deps.core.outputs.show(caller, id, options);
		const text = outputsJson(id, shown, named(shown.outputs, context.query.getAll("name")));
		const etag = contentTag(new Bun.CryptoHasher("sha256").update(text).digest("hex"));
		if (isKnownToClient(request, etag))
			return new Response(null, { status: 304, headers: { etag } });
		const headers = { "content-type": "application/json;charset=utf-8", etag };
		return new Response(text, { headers });
	},
};

export const outputOperations: readonly UnitOperation[] = [listOutputs];
