/** `/v1/projects`: names under which units are grouped. */
import {
	CreateProject,
	ProjectList,
	ProjectView as ProjectSchema,
	type ProjectView,
	UpdateProject,
} from "../../../api/projects.ts";
import { defaultProjectId } from "../../../core/unit/record.ts";
import type { Project, ProjectChange } from "../../../core/workspace/projects.ts";
import type { CollectionOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

const tag = "Projects";
const path = "/v1/projects";
const onePath = `${path}/:project`;

function projectView({ id, name, description, labels, created }: Project): ProjectView {
	return { id, name, description, default: id === defaultProjectId, labels, created };
}

function changeOf({ name, description, labels }: UpdateProject): ProjectChange {
	return {
		...(name === undefined ? {} : { name }),
		...(description === undefined ? {} : { description }),
		...(labels === undefined ? {} : { labels }),
	};
}

const listProjects: CollectionOperation = {
	scope: "collection",
	id: "listProjects",
	method: "GET",
	path,
	tag,
	summary: "All projects, for whoever has any rights in the organization",
	success: { status: 200, schema: ProjectList },
	failures: [],
	async handle({ caller, deps }) {
		const projects = (await deps.core.projects.listFor(caller)).map(projectView);
		const list: ProjectList = { projects, count: projects.length };
		return Response.json(list);
	},
};

const createProject: CollectionOperation = {
	scope: "collection",
	id: "createProject",
	method: "POST",
	path,
	tag,
	summary: "Make a project",
	body: { schema: CreateProject },
	success: { status: 201, schema: ProjectSchema },
	failures: [400, 409, 413],
	async handle({ request, caller, deps }) {
		const given = await readJson(request, CreateProject);
		const change = { ...changeOf(given), name: given.name };
		const made = await deps.core.projects.create(caller, change);
		return Response.json(projectView(made), { status: 201 });
	},
};

const getProject: CollectionOperation = {
	scope: "collection",
	id: "getProject",
	method: "GET",
	path: onePath,
	tag,
	summary: "One project",
	success: { status: 200, schema: ProjectSchema },
	failures: [404],
	async handle({ caller, deps, params }) {
		const found = await deps.core.projects.getFor(caller, params.project ?? "");
		return Response.json(projectView(found));
	},
};

const updateProject: CollectionOperation = {
	scope: "collection",
	id: "updateProject",
	method: "PATCH",
	path: onePath,
	tag,
	summary: "Change a project; what is not named stays",
	body: { schema: UpdateProject },
	success: { status: 200, schema: ProjectSchema },
	failures: [400, 404, 409],
	async handle({ request, caller, deps, params }) {
		const change = changeOf(await readJson(request, UpdateProject));
		const id = params.project ?? "";
		const changed = await deps.core.projects.update(caller, id, () => change);
		return Response.json(projectView(changed));
	},
};

const deleteProject: CollectionOperation = {
	scope: "collection",
	id: "deleteProject",
	method: "DELETE",
	path: onePath,
	tag,
	summary: "Delete a project without units",
	success: { status: 204, schema: null },
	failures: [404, 409],
	async handle({ caller, deps, params }) {
		await deps.core.projects.delete(caller, params.project ?? "");
		return new Response(null, { status: 204 });
	},
};

export const projectOperations: readonly CollectionOperation[] = [
	listProjects,
	createProject,
	getProject,
	updateProject,
	deleteProject,
];
