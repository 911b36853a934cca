/** Projects: made, read, listed, changed and deleted, and what is in them. */
import { DomainError, isDomainError } from "../../../core/errors.ts";
import type { Labels } from "../../../core/unit/service.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import type { Project, ProjectChange, ProjectRights } from "../../../core/workspace/projects.ts";
import { executionModeOf } from "../../../core/workspace/settings.ts";
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
} from "./document.ts";
import { TfeRefusal } from "./errors.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { fullId } from "./ids.ts";
import { commaSeparated, includesIn, orderIn } from "./query.ts";
import {
	bindingViews,
	boundLabels,
	effectiveBindings,
	identifiers,
	tagFilterIn,
} from "./tag-bindings.ts";
import { unitsIn } from "./unit-of.ts";

const includes: ReadonlySet<string> = new Set(["effective_tag_bindings", "organization"]);

function permissions({ mayManage, mayCreate }: ProjectRights) {
	return {
		"can-read": true,
		"can-update": mayManage,
		"can-destroy": mayManage,
		"can-create-workspace": mayCreate,
		"can-move-workspace": mayCreate,
		"can-manage-tags": mayManage,
	};
}

/** A project as the wire shows it. */
export function projectView(
	{ organization }: Pick<Exchange, "organization">,
	project: Project,
	rights: ProjectRights,
): Resource {
	const id = fullId(organization, project.id);
	const self = `/api/v2/projects/${id}`;
	return {
		id,
		type: "projects",
		attributes: {
			name: project.name,
			description: project.description,
			...(project.created === null ? {} : { "created-at": project.created }),
			"auto-destroy-activity-duration": project.autoDestroyAfter,
			"default-execution-mode": project.executionMode ?? "local",
			"setting-overwrites": {
				"default-execution-mode": project.executionMode !== null,
				// Clients count both as set by whoever sets one.
				"default-agent-pool": project.executionMode !== null,
			},
			permissions: permissions(rights),
		},
		relationships: {
			organization: { data: { id: organization.name, type: "organizations" } },
			"tag-bindings": { links: { related: `${self}/tag-bindings` } },
			"effective-tag-bindings": {
				data: identifiers(effectiveBindings({ organization }, project.id, project.labels, null)),
			},
		},
		links: { self },
	};
}

async function view(exchange: Exchange, project: Project): Promise<Resource> {
	const rights = await exchange.deps.core.projects.rights(exchange.caller, project.id);
	return projectView(exchange, project, rights);
}

async function found(exchange: Exchange): Promise<Project> {
	return await exchange.deps.core.projects.getFor(exchange.caller, param(exchange, "project"));
}

async function listAll(exchange: Exchange): Promise<Response> {
	const { query } = exchange.context;
	const { core } = exchange.deps;
	const wanted = includesIn(query, includes);
	const { isDescending } = orderIn(query, ["name"]);
	const names = commaSeparated(query.get("filter[names]"));
	const part = (query.get("q") ?? "").toLowerCase();
	const isTagged = tagFilterIn(query);
	const found = (await core.projects.listFor(exchange.caller)).filter(
		({ name, labels }) =>
			(names.length === 0 || names.includes(name)) &&
			name.toLowerCase().includes(part) &&
			isTagged(labels),
	);
	const page = pageIn(query);
	const shown = cut(isDescending ? found.reverse() : found, page);
	return list(
		await Promise.all(shown.map((project) => view(exchange, project))),
		page,
		found.length,
		wanted.has("effective_tag_bindings")
			? shown.flatMap(({ id, labels }) => effectiveBindings(exchange, id, labels, null))
			: [],
	);
}

async function show(exchange: Exchange): Promise<Response> {
	const wanted = includesIn(exchange.context.query, includes);
	const project = await found(exchange);
	const included = wanted.has("effective_tag_bindings")
		? effectiveBindings(exchange, project.id, project.labels, null)
		: [];
	return one(await view(exchange, project), 200, included);
}

function bad(name: string): DomainError {
	return new DomainError("invalid_request", `the attribute ${name} is not acceptable`);
}

const agentPool = "default-agent-pool-id";

function modeIn({ attributes }: GivenResource): Pick<ProjectChange, "executionMode"> {
	const { "default-execution-mode": mode, "setting-overwrites": overwrites } = attributes;
	if (typeof attributes[agentPool] === "string" && attributes[agentPool] !== "") {
		throw new DomainError("invalid_request", "this server has no agents", {
			hint: `leave out ${agentPool}`,
		});
	}
	const wish = (overwrites as Readonly<Record<string, unknown>> | undefined | null)?.[
		"default-execution-mode"
	];
	if (wish === false) return { executionMode: null };
	if (mode === undefined) return {};
	return { executionMode: executionModeOf("default-execution-mode", mode) };
}

/** What the document says of a project. Fails with `invalid_request`. */
function changeIn(given: GivenResource): ProjectChange {
	const { name, description, "auto-destroy-activity-duration": after } = given.attributes;
	if (name !== undefined && typeof name !== "string") throw bad("name");
	if (description !== undefined && description !== null && typeof description !== "string") {
		throw bad("description");
	}
	const isDuration = typeof after === "string" && /^[1-9][0-9]{0,3}[dh]$/.test(after);
	if (after !== undefined && after !== null && !isDuration) {
		throw new DomainError(
			"invalid_request",
			"Auto destroy activity duration has an incorrect format, we expect up to 4 numeric digits and 1 unit ('d' or 'h')",
		);
	}
	return {
		...(name === undefined ? {} : { name }),
		...(description === undefined ? {} : { description: description ?? "" }),
		...(after === undefined ? {} : { autoDestroyAfter: after as string | null }),
		...modeIn(given),
		...(isRelated(given, "tag-bindings")
			? { labels: boundLabels(relatedMany(given, "tag-bindings")) }
			: {}),
	};
}

async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const change = changeIn(await resourceIn(exchange.request, "projects"));
	const { name } = change;
	if (name === undefined) throw new DomainError("invalid_request", "a project needs a name");
	return one(
		await view(exchange, await deps.core.projects.create(caller, { ...change, name })),
		201,
	);
}

async function update(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const change = changeIn(await resourceIn(exchange.request, "projects"));
	const id = param(exchange, "project");
	return one(await view(exchange, await deps.core.projects.update(caller, id, () => change)));
}

async function remove(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	try {
		await deps.core.projects.delete(caller, param(exchange, "project"));
	} catch (error) {
		if (!isDomainError(error, "conflict")) throw error;
		throw new TfeRefusal(409, "conflict", `${error.message}; ${error.hint}`);
	}
	return nothing();
}

/** Moves workspaces here: those of the list, one after the other, and none that may not be moved. */
async function move(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const { id: projectId } = await found(exchange);
	const units = await unitsIn(exchange, await resourcesIn(exchange.request));
	const { gate } = deps.core.parts;
	for (const unit of new Set<UnitId>(units)) await gate.authorize(caller, "unit.configure", unit);
	for (const unit of units) await deps.core.workspaces.update(caller, unit, { projectId });
	return nothing();
}

async function listBindings(exchange: Exchange): Promise<Response> {
	const { id, labels } = await found(exchange);
	return paged(bindingViews(exchange, id, labels), exchange.context.query);
}

async function listEffective(exchange: Exchange): Promise<Response> {
	const { id, labels } = await found(exchange);
	return paged(effectiveBindings(exchange, id, labels, null), exchange.context.query);
}

async function rebind(
	exchange: Exchange,
	change: (before: Labels, given: Labels) => Labels,
): Promise<Project> {
	const given = boundLabels(await resourcesIn(exchange.request));
	const { caller, deps } = exchange;
	return await deps.core.projects.update(caller, param(exchange, "project"), ({ labels }) => ({
		labels: change(labels, given),
	}));
}

async function addBindings(exchange: Exchange): Promise<Response> {
	const { id, labels } = await rebind(exchange, (before, given) => ({ ...before, ...given }));
	return paged(bindingViews(exchange, id, labels), exchange.context.query);
}

/** The same in the form of the vendor's document, whose answers are empty. */
async function addRelated(exchange: Exchange): Promise<Response> {
	await addBindings(exchange);
	return nothing();
}

async function replaceRelated(exchange: Exchange): Promise<Response> {
	await rebind(exchange, (_, given) => given);
	return nothing();
}

const collection = "/organizations/:organization/projects";
const single = "/projects/:project";
const related = `${single}/relationships/tag-bindings`;

export const projectRoutes: readonly Route[] = [
	{ method: "GET", path: collection, operation: "listProjects", handle: listAll },
	{ method: "POST", path: collection, operation: "createProject", handle: create },
	{ method: "GET", path: single, operation: "showProject", handle: show },
	{ method: "PATCH", path: single, operation: "updateProject", handle: update },
	{ method: "DELETE", path: single, operation: "deleteProject", handle: remove },
	{
		method: "POST",
		path: `${single}/relationships/workspaces`,
		operation: "moveWorkspaces",
		handle: move,
	},
	{
		method: "GET",
		path: `${single}/effective-tag-bindings`,
		operation: "listEffectiveTagBindings",
		handle: listEffective,
	},
	{
		method: "GET",
		path: `${single}/tag-bindings`,
		operation: "listTagBindings",
		handle: listBindings,
	},
	{
		method: "PATCH",
		path: `${single}/tag-bindings`,
		operation: "addTagBindings",
		handle: addBindings,
	},
	{ method: "GET", path: related, operation: "listTagBindings", handle: listBindings },
	{ method: "POST", path: related, operation: "addTagBindings", handle: addRelated },
	{ method: "PATCH", path: related, operation: "replaceTagBindings", handle: replaceRelated },
];
