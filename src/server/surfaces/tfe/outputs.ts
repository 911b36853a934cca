/**
 * Outputs. In lists a sensitive one has no value; asked for by its id, it has. A number that
 * JavaScript cannot hold comes without its exact type, which makes Terraform read the whole state.
 */
import { DomainError, isDomainError } from "../../../core/errors.ts";
import type { Output } from "../../../core/outputs/output.ts";
import type { VersionRow } from "../../../core/state/service.ts";
import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { one, paged, type Resource } from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import {
	hexOfMd5,
	nameOfVersion,
	outputId,
	parseOutputId,
	parseStateVersionId,
	plainVersionName,
	type StateVersionName,
} from "./ids.ts";
import { unitOf } from "./unit-of.ts";

const simpleTypes: Readonly<Record<string, string>> = {
	list: "array",
	set: "array",
	tuple: "array",
	map: "object",
	object: "object",
};

function typeOf(type: unknown): string {
	if (Array.isArray(type)) return simpleTypes[String(type[0])] ?? "object";
	return typeof type === "string" ? type : "string";
}

type Shown = Omit<Output, "valueText" | "typeText">;

function view(
	{ organization }: Pick<Exchange, "organization">,
	version: StateVersionName,
	output: Shown,
	isRevealing: boolean,
): Resource {
	const { name, value, type, isSensitive, isImprecise } = output;
	return {
		id: outputId(organization, version, name),
		type: "state-version-outputs",
		attributes: {
			name,
			sensitive: isSensitive,
			type: typeOf(type),
			value: isSensitive && !isRevealing ? null : value,
			...(isImprecise || type === undefined ? {} : { "detailed-type": type }),
		},
		links: { self: `/api/v2/state-version-outputs/${outputId(organization, version, name)}` },
	};
}

/** The outputs of a stored version, or of the state of a unit without history. */
export async function outputResources(
	exchange: Exchange,
	id: UnitId,
	version: Version | null,
): Promise<Resource[]> {
	const { caller, deps } = exchange;
	const options = version === null ? {} : { version: version.number };
	const outputs = await deps.core.outputs.read(caller, id, options);
	const name = version === null ? plainVersionName(id) : nameOfVersion(id, version);
	return outputs.map((output) => view(exchange, name, output, false));
}

/** The outputs of the current state as resources; none without a state. */
export async function currentOutputs(exchange: Exchange, unit: UnitSummary): Promise<Resource[]> {
	if (unit.isAdopted && unit.current === null) return [];
	try {
		return await outputResources(exchange, unit.id, unit.current);
	} catch (error) {
		if (isDomainError(error, "no_state")) return [];
		throw error;
	}
}

/** Outputs of the current state; a workspace without a state has an empty list of them. */
async function listCurrent(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const id = unitOf(exchange);
	context.allowSlow();
	const { unit } = await deps.core.workspaces.get(caller, id);
	const sealed = await sealedOutput(exchange, unit);
	return paged(sealed === null ? await currentOutputs(exchange, unit) : [sealed], context.query);
}

/**
 * Stands for the outputs of a state that OpenTofu encrypted. An output without an exact type makes
 * Terraform and OpenTofu read the whole state, which OpenTofu can decrypt; an empty list would be
 * taken for a state without outputs. Null for other clients, and for who may not read the state.
 */
async function sealedOutput(exchange: Exchange, unit: UnitSummary): Promise<Resource | null> {
	const { caller, deps, request } = exchange;
	const { current } = unit;
	if (current?.encrypted !== true || !request.headers.has("terraform-version")) return null;
	if (!(await deps.core.parts.gate.may(caller, "unit.read", unit.id))) return null;
	const sealed = {
		...{ name: "encrypted", value: null, type: undefined },
		...{ isSensitive: true, isImprecise: true },
	};
	return view(exchange, nameOfVersion(unit.id, current), sealed, false);
}

function absent(): DomainError {
	return new DomainError("not_found", "there is no such output");
}

/** Whether the version has the content that the id names, or was shown with it. */
export function hasContent(
	{ version, presentations }: VersionRow,
	name: StateVersionName,
): boolean {
	return [version, ...presentations].some(({ md5 }) => hexOfMd5(md5) === name.md5);
}

/** The outputs of the version that an id names, which must be there with that very content. */
async function outputsOf(
	{ caller, deps, context }: Exchange,
	name: StateVersionName,
): Promise<readonly Output[]> {
	context.unitId = name.unit;
	const { unit } = await deps.core.workspaces.get(caller, name.unit);
	if (name.number === 0 && unit.isAdopted) throw absent();
	if (name.number === 0) return await deps.core.outputs.read(caller, name.unit);
	const { current } = unit;
	if (current?.number !== name.number || hexOfMd5(current.md5) !== name.md5) {
		const limited = await deps.core.outputs.limitedVersion(caller, name.unit);
		if (limited === null) {
			const row = await deps.core.states.version(caller, name.unit, name.number);
			if (!hasContent(row, name)) throw absent();
		} else if (limited.number !== name.number || hexOfMd5(limited.md5) !== name.md5) {
			throw absent();
		}
	}
	return await deps.core.outputs.read(caller, name.unit, { version: name.number });
}

async function listOfVersion(exchange: Exchange): Promise<Response> {
	const name = parseStateVersionId(param(exchange, "version"));
	const outputs = await outputsOf(exchange, name);
	return paged(
		outputs.map((output) => view(exchange, name, output, false)),
		exchange.context.query,
	);
}

async function show(exchange: Exchange): Promise<Response> {
	const { version, name } = parseOutputId(param(exchange, "output"));
	const output = (await outputsOf(exchange, version)).find((one) => one.name === name);
	if (output === undefined) throw absent();
	return one(view(exchange, version, output, true));
}

export const outputRoutes: readonly Route[] = [
	{
		method: "GET",
		path: "/workspaces/:workspace/current-state-version-outputs",
		operation: "listCurrentOutputs",
		handle: listCurrent,
	},
	{
		method: "GET",
		path: "/state-versions/:version/outputs",
		operation: "listOutputs",
		handle: listOfVersion,
	},
	{
		method: "GET",
		path: "/state-version-outputs/:output",
		operation: "showOutput",
		handle: show,
	},
];
