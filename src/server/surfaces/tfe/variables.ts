/** Variables of workspaces, and those that come to them from variable sets. */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import type { InheritedVariable } from "../../../core/variable/set.ts";
import {
	type Variable,
	type VariableChange,
	type VariableInput,
	variableCategories,
} from "../../../core/variable/variable.ts";
import {
	type GivenResource,
	nothing,
	one,
	type Relationship,
	type Resource,
	resourceIn,
	resourcesIn,
	whole,
} from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { absent, fullId, localId } from "./ids.ts";
import { unitOf, workspaceId } from "./unit-of.ts";

/** Where a variable is, as its relations tell. */
export type VariableOwner = { readonly unit: UnitId } | { readonly set: string };

/** A variable as the wire shows it: a sensitive value is null, whoever asks. */
export function variableView(
	exchange: Exchange,
	variable: Variable,
	owner: VariableOwner,
	relationships: Readonly<Record<string, Relationship>> = {},
): Resource {
	const { organization } = exchange;
	const id = fullId(organization, variable.id);
	const place =
		"unit" in owner
			? { id: workspaceId(exchange, owner.unit), type: "workspaces" }
			: { id: fullId(organization, owner.set), type: "varsets" };
	const own = "unit" in owner ? { workspace: { data: place } } : { varset: { data: place } };
	const self =
		"unit" in owner ? `workspaces/${place.id}/vars` : `varsets/${place.id}/relationships/vars`;
	return {
		id,
		type: "vars",
		attributes: {
			key: variable.key,
			value: variable.value,
			sensitive: variable.isSensitive,
			category: variable.category,
			hcl: variable.isHcl,
			"created-at": variable.created,
			description: variable.description,
			"version-id": variable.versionId,
		},
		relationships: { configurable: { data: place }, ...own, ...relationships },
		links: { self: `/api/v2/${self}/${id}` },
	};
}

function bad(name: string): DomainError {
	return new DomainError("invalid_request", `the attribute ${name} is not acceptable`);
}

function textIn({ attributes }: GivenResource, name: string): string | undefined {
	const value = attributes[name];
	if (value === undefined || typeof value === "string") return value;
	if (value === null) return "";
	throw bad(name);
}

function flagIn({ attributes }: GivenResource, name: string): boolean | undefined {
	const value = attributes[name];
	if (value === undefined || value === null) return undefined;
	if (typeof value === "boolean") return value;
	throw bad(name);
}

/** What the document says of a variable; a text that is null is empty. Fails with `invalid_request`. */
export function variableChangeIn(given: GivenResource): VariableChange {
	const { category } = given.attributes;
	const known = variableCategories.find((name) => name === category);
	if (category !== undefined && known === undefined) {
		throw new DomainError("invalid_request", "there is no such category of variables", {
			hint: `the categories are ${variableCategories.join(" and ")}`,
		});
	}
	return {
		key: textIn(given, "key"),
		value: textIn(given, "value"),
		description: textIn(given, "description"),
		category: known,
		isHcl: flagIn(given, "hcl"),
		isSensitive: flagIn(given, "sensitive"),
	};
}

/** A variable to be made. Fails with `invalid_request`. */
export function variableInputIn(given: GivenResource): VariableInput {
	const change = variableChangeIn(given);
	const { key, category, value = "", description = "" } = change;
	if (key === undefined) throw bad("key");
	if (category === undefined) throw bad("category");
	const { isHcl = false, isSensitive = false } = change;
	return { key, category, value, description, isHcl, isSensitive };
}

export async function variableIn(exchange: Exchange): Promise<GivenResource> {
	return await resourceIn(exchange.request, "vars", limits.variableBodyBytesMax);
}

async function list(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const unit = unitOf(exchange);
	const own = await deps.core.variables.list(caller, unit);
	return whole(
		own.map((variable) => variableView(exchange, variable, { unit })),
		context.query,
	);
}

function inheritedView(exchange: Exchange, unit: UnitId, given: InheritedVariable): Resource {
	const { variable, set, overwritten } = given;
	const place = { id: workspaceId(exchange, unit), type: "workspaces" };
	const identifier = (id: string) => ({ id: fullId(exchange.organization, id), type: "vars" });
	return variableView(exchange, variable, set === null ? { unit } : { set: set.id }, {
		// The client knows variables of workspaces here, and fails on anything else.
		configurable: { data: place },
		...(overwritten.length === 0 ? {} : { overwritten: { data: overwritten.map(identifier) } }),
	});
}

/**
 * The unit's own variables, for what is shown of the workspace; none for whoever may not read them.
 * Terraform and OpenTofu read nothing of it, and are not kept waiting.
 */
export async function ownVariables(exchange: Exchange, unit: UnitId): Promise<Resource[]> {
	const { caller, deps, request } = exchange;
	if (request.headers.has("terraform-version")) return [];
	const { gate } = deps.core.parts;
	if (!(await gate.may(caller, "unit.read-variables", unit))) return [];
	const own = await deps.core.variables.list(caller, unit);
	return own.map((variable) => variableView(exchange, variable, { unit }));
}

/** Those of variable sets too, and of equal names the one that counts. */
async function listAll(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const unit = unitOf(exchange);
	const all = await deps.core.variables.inherited(caller, unit);
	const counting = all.filter(({ overwriter }) => overwriter === null);
	return whole(
		counting.map((given) => inheritedView(exchange, unit, given)),
		context.query,
	);
}

async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const unit = unitOf(exchange);
	const input = variableInputIn(await variableIn(exchange));
	const made = await deps.core.variables.create(caller, unit, input);
	return one(variableView(exchange, made, { unit }), 201);
}

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const unit = unitOf(exchange);
	const found = await deps.core.variables.get(caller, unit, param(exchange, "variable"));
	return one(variableView(exchange, found, { unit }));
}

async function update(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const unit = unitOf(exchange);
	const change = variableChangeIn(await variableIn(exchange));
	const id = param(exchange, "variable");
	const changed = await deps.core.variables.update(caller, unit, id, change);
	return one(variableView(exchange, changed, { unit }));
}

async function remove(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	await deps.core.variables.delete(caller, unitOf(exchange), param(exchange, "variable"));
	return nothing();
}

/** All of them or none. */
async function updateMany(exchange: Exchange): Promise<Response> {
	const { caller, deps, organization } = exchange;
	const unit = unitOf(exchange);
	const given = await resourcesIn(exchange.request);
	await deps.core.variables.updateAll(
		caller,
		unit,
		given.map((resource) => ({
			id: localId(organization, resource.id ?? ""),
			change: variableChangeIn(resource),
		})),
	);
	return nothing();
}

/** Those of a set that applies to the workspace, for whoever may read the workspace's variables. */
async function ofSet(exchange: Exchange): Promise<{ set: string; variables: readonly Variable[] }> {
	const { caller, deps } = exchange;
	const sources = await deps.core.variables.sets(caller, unitOf(exchange));
	const set = param(exchange, "set");
	const source = sources.find((one) => one.set?.id === set);
	if (source === undefined) throw absent();
	return { set, variables: source.variables };
}

async function listOfSet(exchange: Exchange): Promise<Response> {
	const { set, variables } = await ofSet(exchange);
	return whole(
		variables.map((variable) => variableView(exchange, variable, { set })),
		exchange.context.query,
	);
}

async function showOfSet(exchange: Exchange): Promise<Response> {
	const { set, variables } = await ofSet(exchange);
	const found = variables.find(({ id }) => id === param(exchange, "variable"));
	if (found === undefined) throw absent();
	return one(variableView(exchange, found, { set }));
}

const workspace = "/workspaces/:workspace";
const collection = `${workspace}/vars`;
const single = `${collection}/:variable`;
const setVars = `${workspace}/varsets/:set/relationships/vars`;

export const variableRoutes: readonly Route[] = [
	{ method: "GET", path: collection, operation: "listVariables", handle: list },
	{ method: "POST", path: collection, operation: "createVariable", handle: create },
	{ method: "GET", path: single, operation: "showVariable", handle: show },
	{ method: "PATCH", path: single, operation: "updateVariable", handle: update },
	{ method: "DELETE", path: single, operation: "deleteVariable", handle: remove },
	{
		method: "PATCH",
		path: `${workspace}/relationships/vars`,
		operation: "updateVariables",
		handle: updateMany,
	},
	{ method: "GET", path: `${workspace}/all-vars`, operation: "listAllVariables", handle: listAll },
	{ method: "GET", path: setVars, operation: "listSetVariables", handle: listOfSet },
	{ method: "GET", path: `${setVars}/:variable`, operation: "showSetVariable", handle: showOfSet },
];
