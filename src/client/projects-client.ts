/** Projects: `/v1/projects`. */
import type { CreateProject, ProjectList, ProjectView, UpdateProject } from "../api/projects.ts";
import { type CallOptions, callFor } from "./call.ts";
import type { Http } from "./http.ts";

const root = "/v1/projects";

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class ProjectsClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/** The default one first, then in order of their names. */
	async list(options: CallOptions = {}): Promise<ProjectView[]> {
		const request = { method: "GET", path: root, repeatable: true, ...options } as const;
		return (await callFor<ProjectList>(this.#http, request, "projects")).projects;
	}

	/** Sent once: a second one would find the project of the first. */
	create(project: CreateProject, options: CallOptions = {}): Promise<ProjectView> {
		const request = { method: "POST", path: root, json: project, repeatable: false } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	/** What the change does not name stays. */
	update(id: string, change: UpdateProject, options: CallOptions = {}): Promise<ProjectView> {
		const request = { method: "PATCH", path: pathOf(id), json: change, repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	async delete(id: string, options: CallOptions = {}): Promise<void> {
		const request = { method: "DELETE", path: pathOf(id), repeatable: false } as const;
		await this.#http.json({ ...request, ...options });
	}
}

function pathOf(id: string): string {
	return `${root}/${encodeURIComponent(id)}`;
}
