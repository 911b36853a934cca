/** Projects: names under which workspaces are grouped. One register holds them all. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import { type Random, randomId } from "../ports/random.ts";
import type { Caller } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import { defaultProjectId } from "../unit/record.ts";

export interface Project {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	/** ISO 8601; null for the one that was always there. */
	readonly created: string | null;
}

/** Where workspaces are that nobody put elsewhere. */
export const defaultProject: Project = {
	id: defaultProjectId,
	name: "Default Project",
	description: "",
	created: null,
};

interface ProjectsDocument {
	readonly projects: readonly Project[];
}

export interface ProjectServiceDeps extends RegisterDeps {
	readonly gate: Gate;
	readonly clock: Clock;
	readonly random: Random;
}

/** Lists and makes projects. Their names are known to everybody who is let in. */
export class ProjectService {
	readonly #deps: ProjectServiceDeps;
	readonly #register: Register<ProjectsDocument>;

	constructor(deps: ProjectServiceDeps) {
		this.#deps = deps;
		this.#register = new Register<ProjectsDocument>(deps, "projects", parseProjects);
	}

	/** All of them in order of their names, the default one first. Fails as Register.read. */
	async list(): Promise<readonly Project[]> {
		const { value } = await this.#register.read();
		const others = [...(value?.projects ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
		return [defaultProject, ...others];
	}

	/** One by its id. Fails with `not_found`, or as Register.read. */
	async get(id: string): Promise<Project> {
		const found = (await this.list()).find((project) => project.id === id);
		if (found === undefined) throw new DomainError("not_found", "there is no such project");
		return found;
	}

	/**
	 * Makes one; who may write every unit may. Fails with `conflict` for a name that is taken,
	 * `invalid_request`, `forbidden`, or as Register.update.
	 */
	async create(
		caller: Caller,
		input: { readonly name: string; readonly description: string },
	): Promise<Project> {
		const { gate, clock, random } = this.#deps;
		checkName(input);
		const grant = await gate.authorize(caller, "unit.write", everything);
		const project: Project = {
			id: `prj-${randomId(random).slice(0, 16)}`,
			...input,
			created: new Date(clock.now()).toISOString(),
		};
		return await this.#register.update(grant, (value) => {
			const projects = value?.projects ?? [];
			if ([defaultProject, ...projects].some(({ name }) => name === input.name)) {
				throw new DomainError("conflict", "a project of this name exists", {
					hint: "use it, or choose another name",
				});
			}
			if (projects.length >= limits.projectsMax) {
				throw new DomainError("too_large", `there are ${limits.projectsMax} projects already`);
			}
			const detail = project.id;
			return {
				operation: "project.create",
				detail,
				value: { projects: [...projects, project] },
				result: project,
			};
		});
	}
}

function checkName({ name, description }: { name: string; description: string }): void {
	const isGood =
		/^[\p{L}\p{N} _-]{3,40}$/u.test(name) &&
		name.trim() === name &&
		Buffer.byteLength(description) <= limits.workspaceTextBytesMax;
	if (isGood) return;
	throw new DomainError("invalid_request", "the project's name is not acceptable", {
		hint: "3 to 40 letters, digits, spaces, dashes and underscores, no space at either end",
	});
}

function parseProjects(value: unknown): ProjectsDocument {
	const document = value as Partial<ProjectsDocument> | null;
	if (!Array.isArray(document?.projects)) {
		throw new DomainError("storage_corrupt", "the register of the projects is not readable");
	}
	return document as ProjectsDocument;
}
