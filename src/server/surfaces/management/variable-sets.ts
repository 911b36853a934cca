/** `/v1/variable-sets`: variables that apply to many units. */
import {
	CreateVariable,
	CreateVariableSet,
	UpdateVariable,
	UpdateVariableSet,
	VariableList,
	VariableView as VariableSchema,
	VariableSetList,
	VariableSetView as VariableSetSchema,
	type VariableSetView,
} from "../../../api/variables.ts";
import { limits } from "../../../core/limits.ts";
import { parseUnitId } from "../../../core/unit/unit-id.ts";
import type { VariableSet, VariableSetChange } from "../../../core/variable/set.ts";
import type { CollectionExchange, CollectionOperation } from "./operation.ts";
import { readJson } from "./operation.ts";
import { variableChange, variableInput, variableView } from "./variables.ts";

const tag = "Variables";
const path = "/v1/variable-sets";
const onePath = `${path}/:set`;
const variablesPath = `${onePath}/variables`;
const variablePath = `${variablesPath}/:variable`;
const large = { isOptional: false, bytesMax: limits.variableBodyBytesMax };

function setView(set: VariableSet): VariableSetView {
	return {
		...{ id: set.id, name: set.name, description: set.description },
		...{ global: set.isGlobal, priority: set.isPriority, project: set.parent },
		...{ units: [...set.units], projects: [...set.projects] },
		...{ created: set.created, updated: set.updated },
	};
}

/**
 * Projects that it is to apply to must exist, and the one whose it is to be, if any: a mistake would
 * wait for one of that id.
 */
async function changeOf(
	{ caller, deps }: CollectionExchange,
	given: UpdateVariableSet,
	parent: string | null = null,
): Promise<VariableSetChange> {
	const { name, description, units, projects } = given;
	const named = parent === null ? [] : [parent];
	await deps.core.projects.checkFor(caller, [...named, ...(projects ?? [])]);
	return {
		...{ name, description, projects, isGlobal: given.global, isPriority: given.priority },
		units: units?.map(parseUnitId),
	};
}

const listSets: CollectionOperation = {
	scope: "collection",
	id: "listVariableSets",
	method: "GET",
	path,
	tag,
	summary: "The variable sets that the caller may read",
	success: { status: 200, schema: VariableSetList },
	failures: [],
	async handle({ caller, deps }) {
		const sets = (await deps.core.variableSets.list(caller)).map(setView);
		const list: VariableSetList = { variable_sets: sets, count: sets.length };
		return Response.json(list);
	},
};

const createSet: CollectionOperation = {
	scope: "collection",
	id: "createVariableSet",
	method: "POST",
	path,
	tag,
	summary: "Make a variable set",
	body: { schema: CreateVariableSet },
	success: { status: 201, schema: VariableSetSchema },
	failures: [400, 404, 409, 413],
	async handle(exchange) {
		const { request, caller, deps } = exchange;
		const given = await readJson(request, CreateVariableSet, large);
		const { name, project = null } = given;
		const change = await changeOf(exchange, given, project);
		const { description = "", isGlobal = false, isPriority = false } = change;
		const set = await deps.core.variableSets.create(caller, project, {
			...{ name, description, isGlobal, isPriority },
			...{ units: change.units ?? [], projects: change.projects ?? [] },
		});
		return Response.json(setView(set), { status: 201 });
	},
};

const getSet: CollectionOperation = {
	scope: "collection",
	id: "getVariableSet",
	method: "GET",
	path: onePath,
	tag,
	summary: "One variable set",
	success: { status: 200, schema: VariableSetSchema },
	failures: [404],
	async handle({ caller, deps, params }) {
		return Response.json(setView(await deps.core.variableSets.get(caller, params.set ?? "")));
	},
};

const updateSet: CollectionOperation = {
	scope: "collection",
	id: "updateVariableSet",
	method: "PATCH",
	path: onePath,
	tag,
	summary: "Change a variable set, and what it applies to; what is not named stays",
	body: { schema: UpdateVariableSet },
	success: { status: 200, schema: VariableSetSchema },
	failures: [400, 404, 409, 413],
	async handle(exchange) {
		const { request, caller, deps, params } = exchange;
		const change = await changeOf(exchange, await readJson(request, UpdateVariableSet, large));
		const id = params.set ?? "";
		return Response.json(setView(await deps.core.variableSets.update(caller, id, () => change)));
	},
};

const deleteSet: CollectionOperation = {
	scope: "collection",
	id: "deleteVariableSet",
	method: "DELETE",
	path: onePath,
	tag,
	summary: "Delete a variable set with its variables",
	success: { status: 204, schema: null },
	failures: [404],
	async handle({ caller, deps, params }) {
		await deps.core.variableSets.delete(caller, params.set ?? "");
		return new Response(null, { status: 204 });
	},
};

const listVariables: CollectionOperation = {
	scope: "collection",
	id: "listSetVariables",
	method: "GET",
	path: variablesPath,
	tag,
	summary: "The variables of a set, without sensitive values",
	success: { status: 200, schema: VariableList },
	failures: [404],
	async handle({ caller, deps, params }) {
		const all = await deps.core.variableSets.variables(caller, params.set ?? "");
		const variables = all.map(variableView);
		const list: VariableList = { variables, count: variables.length };
		return Response.json(list);
	},
};

const addVariable: CollectionOperation = {
	scope: "collection",
	id: "createSetVariable",
	method: "POST",
	path: variablesPath,
	tag,
	summary: "Make a variable of a set",
	body: { schema: CreateVariable },
	success: { status: 201, schema: VariableSchema },
	failures: [400, 404, 409, 413],
	async handle({ request, caller, deps, params }) {
		const input = variableInput(await readJson(request, CreateVariable, large));
		const made = await deps.core.variableSets.addVariable(caller, params.set ?? "", input);
		return Response.json(variableView(made), { status: 201 });
	},
};

const changeVariable: CollectionOperation = {
	scope: "collection",
	id: "updateSetVariable",
	method: "PATCH",
	path: variablePath,
	tag,
	summary: "Change a variable of a set; what is not named stays",
	body: { schema: UpdateVariable },
	success: { status: 200, schema: VariableSchema },
	failures: [400, 404, 409, 413],
	async handle({ request, caller, deps, params }) {
		const change = variableChange(await readJson(request, UpdateVariable, large));
		const { set = "", variable = "" } = params;
		const changed = await deps.core.variableSets.changeVariable(caller, set, variable, change);
		return Response.json(variableView(changed));
	},
};

const removeVariable: CollectionOperation = {
	scope: "collection",
	id: "deleteSetVariable",
	method: "DELETE",
	path: variablePath,
	tag,
	summary: "Delete a variable of a set",
	success: { status: 204, schema: null },
	failures: [404],
	async handle({ caller, deps, params }) {
		const { set = "", variable = "" } = params;
		await deps.core.variableSets.removeVariable(caller, set, variable);
		return new Response(null, { status: 204 });
	},
};

export const variableSetOperations: readonly CollectionOperation[] = [
	listSets,
	createSet,
	getSet,
	updateSet,
	deleteSet,
	listVariables,
	addVariable,
	changeVariable,
	removeVariable,
];
