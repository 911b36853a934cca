/** Projects. */
import { DomainError } from "../../../core/errors.ts";
import { everything } from "../../../core/rbac/resource.ts";
import type { Project } from "../../../core/workspace/projects.ts";
import { one, paged, type Resource, resourceIn } from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { fullId } from "./ids.ts";

async function view(exchange: Exchange, project: Project): Promise<Resource> {
	const { caller, deps, organization } = exchange;
	const id = fullId(organization, project.id);
	const mayWrite = await deps.core.parts.gate.may(caller, "unit.write", everything);
	return {
		id,
		type: "projects",
		attributes: {
			name: project.name,
			description: project.description,
			...(project.created === null ? {} : { "created-at": project.created }),
			permissions: {
				"can-read": true,
				"can-update": false,
				"can-destroy": false,
				"can-create-workspace": mayWrite,
			},
		},
		relationships: { organization: { data: { id: organization.name, type: "organizations" } } },
		links: { self: `/api/v2/projects/${id}` },
	};
}

async function list(exchange: Exchange): Promise<Response> {
	const { query } = exchange.context;
	const names = query.get("filter[names]")?.split(",");
	const part = (query.get("q") ?? "").toLowerCase();
	const all = await exchange.deps.core.projects.list();
	const wanted = all.filter(
		({ name }) =>
			(names === undefined || names.includes(name)) && name.toLowerCase().includes(part),
	);
	return paged(await Promise.all(wanted.map((project) => view(exchange, project))), query);
}

async function show(exchange: Exchange): Promise<Response> {
	return one(
		await view(exchange, await exchange.deps.core.projects.get(param(exchange, "project"))),
	);
}

async function create(exchange: Exchange): Promise<Response> {
	const { attributes } = await resourceIn(exchange.request, "projects");
	const { name, description = "" } = attributes;
	if (typeof name !== "string" || typeof description !== "string") {
		throw new DomainError("invalid_request", "a project needs a name");
	}
	const { caller, deps } = exchange;
	return one(
		await view(exchange, await deps.core.projects.create(caller, { name, description })),
		201,
	);
}

export const projectRoutes: readonly Route[] = [
	{
		method: "GET",
		path: "/organizations/:organization/projects",
		operation: "listProjects",
		handle: list,
	},
	{
		method: "POST",
		path: "/organizations/:organization/projects",
		operation: "createProject",
		handle: create,
	},
	{ method: "GET", path: "/projects/:project", operation: "showProject", handle: show },
];
