/** `/v1/units/<id>/variables`. */
import {
	CreateVariable,
	Resealed,
	UpdateVariable,
	VariableList,
	VariableView as VariableSchema,
	type VariableView,
} from "../../../api/variables.ts";
import { limits } from "../../../core/limits.ts";
import type { InheritedVariable } from "../../../core/variable/set.ts";
import type { Variable, VariableChange, VariableInput } from "../../../core/variable/variable.ts";
import type { CollectionOperation, Operation, UnitOperation } from "./operation.ts";
import { readFlag, readJson } from "./operation.ts";

const tag = "Variables";
const path = "/v1/units/:id/variables";
const onePath = "/v1/units/:id/variables/:variable";
const readOptions = { isOptional: false, bytesMax: limits.variableBodyBytesMax };

export function variableView(variable: Variable): VariableView {
	return {
		id: variable.id,
		key: variable.key,
		value: variable.value,
		category: variable.category,
		hcl: variable.isHcl,
		sensitive: variable.isSensitive,
		description: variable.description,
		created: variable.created,
		version_id: variable.versionId,
	};
}

function inheritedView({ variable, set, overwriter }: InheritedVariable): VariableView {
	return {
		...variableView(variable),
		set: set === null ? null : { id: set.id, name: set.name },
		counts: overwriter === null,
	};
}

export function variableInput(given: CreateVariable): VariableInput {
	const { key, value = "", category = "terraform", description = "" } = given;
	const isHcl = given.hcl ?? false;
	return { key, value, category, isHcl, isSensitive: given.sensitive ?? false, description };
}

export function variableChange(given: UpdateVariable): VariableChange {
	const { key, value, category, description } = given;
	return { key, value, category, isHcl: given.hcl, isSensitive: given.sensitive, description };
}

const listVariables: UnitOperation = {
	scope: "unit",
	id: "listVariables",
	method: "GET",
	path,
	tag,
	summary: "The unit's own variables, without sensitive values",
	query: [
		{
			name: "inherited",
			description: "Those of variable sets too, the ones whose values count last",
			schema: { type: "boolean", default: false },
		},
	],
	success: { status: 200, schema: VariableList },
	failures: [400, 404],
	async handle({ caller, context, deps, id }) {
		const variables = readFlag(context.query, "inherited")
			? (await deps.core.variables.inherited(caller, id)).map(inheritedView)
			: (await deps.core.variables.list(caller, id)).map(variableView);
		const list: VariableList = { variables, count: variables.length };
		return Response.json(list);
	},
};

const createVariable: UnitOperation = {
	scope: "unit",
	id: "createVariable",
	method: "POST",
	path,
	tag,
	summary: "Make a variable of the unit",
	body: { schema: CreateVariable },
	success: { status: 201, schema: VariableSchema },
	failures: [400, 404, 409, 413],
	async handle({ request, caller, deps, id }) {
		const input = variableInput(await readJson(request, CreateVariable, readOptions));
		const made = await deps.core.variables.create(caller, id, input);
		return Response.json(variableView(made), { status: 201 });
	},
};

const getVariable: UnitOperation = {
	scope: "unit",
	id: "getVariable",
	method: "GET",
	path: onePath,
	tag,
	summary: "One variable of the unit; a sensitive value is null",
	success: { status: 200, schema: VariableSchema },
	failures: [404],
	async handle({ caller, deps, id, item }) {
		return Response.json(variableView(await deps.core.variables.get(caller, id, item)));
	},
};

const updateVariable: UnitOperation = {
	scope: "unit",
	id: "updateVariable",
	method: "PATCH",
	path: onePath,
	tag,
	summary: "Change a variable of the unit; what is not named stays",
	body: { schema: UpdateVariable },
	success: { status: 200, schema: VariableSchema },
	failures: [400, 404, 409, 413],
	async handle({ request, caller, deps, id, item }) {
		const change = variableChange(await readJson(request, UpdateVariable, readOptions));
		return Response.json(variableView(await deps.core.variables.update(caller, id, item, change)));
	},
};

const deleteVariable: UnitOperation = {
	scope: "unit",
	id: "deleteVariable",
	method: "DELETE",
	path: onePath,
	tag,
	summary: "Delete a variable of the unit",
	success: { status: 204, schema: null },
	failures: [404],
	async handle({ caller, deps, id, item }) {
		await deps.core.variables.delete(caller, id, item);
		return new Response(null, { status: 204 });
	},
};

const resealVariables: CollectionOperation = {
	scope: "collection",
	id: "resealVariables",
	method: "POST",
	path: "/v1/variables/reseal",
	tag,
	summary: "Seal all sensitive values with the key of today, so that earlier ones can be given up",
	success: { status: 200, schema: Resealed },
	failures: [],
	async handle({ caller, deps }) {
		const answer: Resealed = { resealed: await deps.core.variables.reseal(caller) };
		return Response.json(answer);
	},
};

export const variableOperations: readonly Operation[] = [
	listVariables,
	createVariable,
	getVariable,
	updateVariable,
	deleteVariable,
	resealVariables,
];
