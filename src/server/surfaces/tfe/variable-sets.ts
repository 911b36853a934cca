/** Variable sets: variables that apply to many workspaces. */
import { DomainError } from "../../../core/errors.ts";
import type { VariableSet, VariableSetChange } from "../../../core/variable/set.ts";
import type { Variable } from "../../../core/variable/variable.ts";
import {
	cut,
	type GivenResource,
	isRelated,
	list,
	nothing,
	one,
	paged,
	pageIn,
	type Resource,
	relatedMany,
	resourceIn,
	resourcesIn,
	whole,
} from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { fullId, localId } from "./ids.ts";
import { includesIn } from "./query.ts";
import { unitOf, unitsIn, workspaceId } from "./unit-of.ts";
import { placesOf } from "./variable-set-places.ts";
import { variableChangeIn, variableIn, variableInputIn, variableView } from "./variables.ts";

const includes: ReadonlySet<string> = new Set(["vars", "workspaces", "projects"]);

function view(
	exchange: Exchange,
	set: VariableSet,
	variables: readonly Variable[],
	mayChange: boolean,
): Resource {
	const { organization } = exchange;
	const parent =
		set.parent === null
			? { id: organization.name, type: "organizations" }
			: { id: fullId(organization, set.parent), type: "projects" };
	const projects = set.projects.map((id) => ({ id: fullId(organization, id), type: "projects" }));
	const workspaces = set.units.map((id) => ({
		...{ id: workspaceId(exchange, id), type: "workspaces" },
	}));
	return {
		id: fullId(organization, set.id),
		type: "varsets",
		attributes: {
			name: set.name,
			description: set.description,
			global: set.isGlobal,
			priority: set.isPriority,
			"updated-at": set.updated,
			"var-count": variables.length,
			"workspace-count": workspaces.length,
			"project-count": projects.length,
			permissions: { "can-update": mayChange },
		},
		relationships: {
			organization: { data: { id: organization.name, type: "organizations" } },
			parent: { data: parent },
			vars: {
				data: variables.map(({ id }) => ({ id: fullId(organization, id), type: "vars" })),
			},
			workspaces: { data: workspaces },
			projects: { data: projects },
		},
	};
}

interface Shown {
	readonly view: Resource;
	readonly included: readonly Resource[];
}

async function shown(
	exchange: Exchange,
	set: VariableSet,
	variables?: readonly Variable[],
): Promise<Shown> {
	const { caller, deps, context } = exchange;
	const wanted = includesIn(context.query, includes);
	const { variableSets } = deps.core;
	const known = variables ?? (await variableSets.variables(caller, set.id));
	const mayChange = await variableSets.mayChange(caller, set.parent);
	return {
		view: view(exchange, set, known, mayChange),
		included: wanted.has("vars")
			? known.map((variable) => variableView(exchange, variable, { set: set.id }))
			: [],
	};
}

async function shownPage(exchange: Exchange, sets: readonly VariableSet[]): Promise<Response> {
	const { query } = exchange.context;
	const part = (query.get("q") ?? "").toLowerCase();
	const isGlobal = query.get("filter[global]");
	const found = sets.filter(
		(set) =>
			set.name.toLowerCase().includes(part) &&
			(isGlobal === null || String(set.isGlobal) === isGlobal),
	);
	const page = pageIn(query);
	const onPage = cut(found, page);
	const all = await Promise.all(onPage.map((set) => shown(exchange, set)));
	const places = await placesOf(exchange, onPage, includesIn(query, includes));
	return list(
		all.map((one) => one.view),
		page,
		found.length,
		[...all.flatMap((one) => one.included), ...places],
	);
}

async function listAll(exchange: Exchange): Promise<Response> {
	return await shownPage(exchange, await exchange.deps.core.variableSets.list(exchange.caller));
}

async function listOfProject(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const { id } = await deps.core.projects.getFor(caller, param(exchange, "project"));
	const sets = await deps.core.variableSets.list(caller);
	return await shownPage(
		exchange,
		sets.filter(
			({ isGlobal, parent, projects }) =>
				parent === id || projects.includes(id) || (isGlobal && parent === null),
		),
	);
}

/**
 * For whoever may read the workspace's variables, whether or not they may read the sets elsewhere;
 * to those who may not, no other place where a set applies is shown.
 */
async function listOfWorkspace(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const unit = unitOf(exchange);
	const sources = await deps.core.variables.sets(caller, unit);
	const readable = new Set((await deps.core.variableSets.list(caller)).map(({ id }) => id));
	const { project } = await deps.core.workspaces.get(caller, unit);
	const here = (set: VariableSet): VariableSet => ({
		...set,
		units: set.units.filter((one) => one === unit),
		projects: set.projects.filter((one) => one === project.id),
	});
	const all = await Promise.all(
		sources.map(async ({ set, variables }) =>
			set === null
				? null
				: await shown(exchange, readable.has(set.id) ? set : here(set), variables),
		),
	);
	return paged(
		all.flatMap((one) => (one === null ? [] : [one.view])),
		context.query,
	);
}

function bad(name: string): DomainError {
	return new DomainError("invalid_request", `the attribute ${name} is not acceptable`);
}

/** Their projects must exist: a mistake would wait for somebody to make one of that id. */
async function projectsIn(
	{ caller, deps, organization }: Exchange,
	given: readonly GivenResource[],
): Promise<string[]> {
	const ids = given.map(({ id }) => localId(organization, id ?? ""));
	await deps.core.projects.checkFor(caller, ids);
	return ids;
}

async function changeIn(exchange: Exchange, given: GivenResource): Promise<VariableSetChange> {
	const { name, description, global: isGlobal, priority: isPriority } = given.attributes;
	if (name !== undefined && typeof name !== "string") throw bad("name");
	if (description !== undefined && description !== null && typeof description !== "string") {
		throw bad("description");
	}
	if (isGlobal !== undefined && typeof isGlobal !== "boolean") throw bad("global");
	if (isPriority !== undefined && typeof isPriority !== "boolean") throw bad("priority");
	const related = (relation: string) =>
		isRelated(given, relation) ? relatedMany(given, relation) : undefined;
	const workspaces = related("workspaces");
	const projects = related("projects");
	return {
		name,
		description: description === undefined ? undefined : (description ?? ""),
		isGlobal,
		isPriority,
		units: workspaces === undefined ? undefined : await unitsIn(exchange, workspaces),
		projects: projects === undefined ? undefined : await projectsIn(exchange, projects),
	};
}

/** The project that a new set is to belong to; null: the organization. */
async function parentIn(exchange: Exchange, given: GivenResource): Promise<string | null> {
	const data = (
		given.relationships.parent as { data?: { id?: unknown; type?: unknown } } | undefined
	)?.data;
	if (data === undefined || data === null || data.type !== "projects") return null;
	const [project = null] = await projectsIn(exchange, [
		{ id: String(data.id), type: "projects", attributes: {}, relationships: {} },
	]);
	return project;
}

async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const given = await resourceIn(exchange.request, "varsets");
	const change = await changeIn(exchange, given);
	const { name, description = "", isGlobal = false, isPriority = false } = change;
	if (name === undefined) throw bad("name");
	const inputs = relatedMany(given, "vars").map(variableInputIn);
	const { variableSets } = deps.core;
	const set = await variableSets.create(caller, await parentIn(exchange, given), {
		...{ name, description, isGlobal, isPriority },
		...{ units: change.units ?? [], projects: change.projects ?? [] },
	});
	for (const input of inputs) await variableSets.addVariable(caller, set.id, input);
	const answer = await shown(exchange, set);
	return one(answer.view, 201, answer.included);
}

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const set = await deps.core.variableSets.get(caller, param(exchange, "set"));
	const answer = await shown(exchange, set);
	const places = await placesOf(exchange, [set], includesIn(context.query, includes));
	return one(answer.view, 200, [...answer.included, ...places]);
}

async function update(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const change = await changeIn(exchange, await resourceIn(exchange.request, "varsets"));
	const id = param(exchange, "set");
	const set = await deps.core.variableSets.update(caller, id, () => change);
	return one((await shown(exchange, set)).view);
}

async function remove(exchange: Exchange): Promise<Response> {
	await exchange.deps.core.variableSets.delete(exchange.caller, param(exchange, "set"));
	return nothing();
}

type Direction = "apply" | "withdraw";

const onWorkspaces = (direction: Direction) => async (exchange: Exchange) => {
	const { caller, deps } = exchange;
	const units = await unitsIn(exchange, await resourcesIn(exchange.request));
	if (direction === "apply") {
		for (const unit of units) await deps.core.workspaces.get(caller, unit);
	}
	const places = { units, projects: [] };
	await deps.core.variableSets[direction](caller, param(exchange, "set"), places);
	return nothing();
};

const onProjects = (direction: Direction) => async (exchange: Exchange) => {
	const { caller, deps, organization } = exchange;
	const given = await resourcesIn(exchange.request);
	const projects =
		direction === "apply"
			? await projectsIn(exchange, given)
			: given.map(({ id }) => localId(organization, id ?? ""));
	await deps.core.variableSets[direction](caller, param(exchange, "set"), { units: [], projects });
	return nothing();
};

async function listVariables(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const set = param(exchange, "set");
	const variables = await deps.core.variableSets.variables(caller, set);
	return whole(
		variables.map((variable) => variableView(exchange, variable, { set })),
		context.query,
	);
}

async function addVariable(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const set = param(exchange, "set");
	const input = variableInputIn(await variableIn(exchange));
	const made = await deps.core.variableSets.addVariable(caller, set, input);
	return one(variableView(exchange, made, { set }), 201);
}

async function showVariable(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const set = param(exchange, "set");
	const found = await deps.core.variableSets.variable(caller, set, param(exchange, "variable"));
	return one(variableView(exchange, found, { set }));
}

async function changeVariable(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const set = param(exchange, "set");
	const change = variableChangeIn(await variableIn(exchange));
	const id = param(exchange, "variable");
	const changed = await deps.core.variableSets.changeVariable(caller, set, id, change);
	return one(variableView(exchange, changed, { set }));
}

async function removeVariable(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = param(exchange, "variable");
	await deps.core.variableSets.removeVariable(caller, param(exchange, "set"), id);
	return nothing();
}

const collection = "/organizations/:organization/varsets";
const single = "/varsets/:set";
const vars = `${single}/relationships/vars`;
const workspaces = `${single}/relationships/workspaces`;
const projects = `${single}/relationships/projects`;

export const variableSetRoutes: readonly Route[] = [
	{ method: "GET", path: collection, operation: "listVariableSets", handle: listAll },
	{ method: "POST", path: collection, operation: "createVariableSet", handle: create },
	{ method: "GET", path: single, operation: "showVariableSet", handle: show },
	{ method: "PATCH", path: single, operation: "updateVariableSet", handle: update },
	{ method: "POST", path: single, operation: "updateVariableSet", handle: update },
	{ method: "DELETE", path: single, operation: "deleteVariableSet", handle: remove },
	{ method: "GET", path: vars, operation: "listSetVariables", handle: listVariables },
	{ method: "POST", path: vars, operation: "addSetVariable", handle: addVariable },
	{ method: "GET", path: `${vars}/:variable`, operation: "showSetVariable", handle: showVariable },
	{
		method: "PATCH",
		path: `${vars}/:variable`,
		operation: "updateSetVariable",
		handle: changeVariable,
	},
	{
		method: "DELETE",
		path: `${vars}/:variable`,
		operation: "removeSetVariable",
		handle: removeVariable,
	},
	{ method: "POST", path: workspaces, operation: "applySet", handle: onWorkspaces("apply") },
	{
		method: "DELETE",
		path: workspaces,
		operation: "withdrawSet",
		handle: onWorkspaces("withdraw"),
	},
	{ method: "POST", path: projects, operation: "applySet", handle: onProjects("apply") },
	{ method: "DELETE", path: projects, operation: "withdrawSet", handle: onProjects("withdraw") },
	{
		method: "GET",
		path: "/workspaces/:workspace/varsets",
		operation: "listVariableSets",
		handle: listOfWorkspace,
	},
	{
		method: "GET",
		path: "/projects/:project/varsets",
		operation: "listVariableSets",
		handle: listOfProject,
	},
];
