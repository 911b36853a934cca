/** Projects: names under which workspaces are grouped. One register holds them all. */
import { isSame } from "../../lib/is-same.ts";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { newId } from "../organization/id.ts";
import type { Organization } from "../organization/organization.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import type { Caller } from "../principal.ts";
import type { Gate, Grant } from "../rbac/grant.ts";
import { everything, projectQuestion, traitsOf } from "../rbac/resource.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import type { UnitDirectory } from "../unit/directory.ts";
import { defaultProjectId } from "../unit/record.ts";
import { checkLabels, type Labels } from "../unit/service.ts";

export interface Project {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	/** ISO 8601; null for the one that was always there. */
	readonly created: string | null;
	/** For workspaces that have no mode of their own; null: local. */
	readonly executionMode: string | null;
	/** Kept and returned: nothing destroys anything by itself. */
	readonly autoDestroyAfter: string | null;
	/** Tags that its workspaces have too. */
	readonly labels: Labels;
}

export type ProjectChange = Partial<Omit<Project, "id" | "created">>;

/** Where workspaces are that nobody put elsewhere. */
export const defaultProject: Project = {
	id: defaultProjectId,
	name: "Default Project",
	description: "",
	created: null,
	executionMode: null,
	autoDestroyAfter: null,
	labels: {},
};

interface ProjectsDocument {
	/** The default one stands here once somebody has changed it. */
	readonly projects: readonly Project[];
}

/** What somebody may do with a project. */
export interface ProjectRights {
	readonly mayManage: boolean;
	/** Make workspaces in it. */
	readonly mayCreate: boolean;
	/** Say what teams may do in it. */
	readonly mayShare: boolean;
}

/** What names projects beside the units that are in them: it forgets those that are gone. */
export interface ProjectNames {
	/** Ids of all projects that are named. Fails as Register.read. */
	namedProjects(): Promise<readonly string[]>;
	/** Fails as Register.update. */
	forgetProjects(grant: Grant, ids: ReadonlySet<string>): Promise<void>;
}

export interface ProjectServiceDeps extends RegisterDeps {
	readonly gate: Gate;
	readonly clock: Clock;
	readonly random: Random;
	/** Whose projects these are. */
	readonly organization: Organization;
	readonly directory: UnitDirectory;
	readonly names: readonly ProjectNames[];
}

/** Makes, changes and deletes projects. Their names are known to everybody who is somebody here. */
export class ProjectService {
	readonly #deps: ProjectServiceDeps;
	readonly #register: Register<ProjectsDocument>;

	constructor(deps: ProjectServiceDeps) {
		this.#deps = deps;
		this.#register = new Register<ProjectsDocument>(deps, "projects", parseProjects);
	}

	/** All of them in order of their names, the default one first. Fails as Register.read. */
	async list(): Promise<readonly Project[]> {
		return inOrder((await this.#register.read()).value);
	}

	/** As `list`, for whoever has any rights in the organization; for others none. Fails as the gate. */
	async listFor(caller: Caller): Promise<readonly Project[]> {
		return (await this.#deps.gate.hasStanding(caller)) ? await this.list() : [];
	}

	/** As `list`, as it was a few seconds ago at most. */
	async listCached(): Promise<readonly Project[]> {
		return inOrder((await this.#register.readCached(limits.projectsFreshMs)).value);
	}

	/** One by its id. Fails with `not_found`, or as Register.read. */
	async get(id: string): Promise<Project> {
		const found = (await this.list()).find((project) => project.id === id);
		if (found === undefined) throw projectNotFound();
		return found;
	}

	/** Who may write every unit may change projects, and who may manage this one. */
	#authorize(caller: Caller, id: string): Promise<Grant> {
		const { resource, traits } = projectQuestion(id);
		return this.#deps.gate.authorize(caller, "project.manage", resource, traits);
	}

	/** As `get`, of those that the caller sees. Fails with `not_found`, or as the gate. */
	async getFor(caller: Caller, id: string): Promise<Project> {
		if (!(await this.#deps.gate.hasStanding(caller))) throw projectNotFound();
		return await this.get(id);
	}

	/** Fails with `not_found` unless the caller sees all of these; one read, however many they are. */
	async checkFor(caller: Caller, ids: readonly string[]): Promise<void> {
		if (ids.length === 0) return;
		const seen = new Set((await this.listFor(caller)).map(({ id }) => id));
		if (!ids.every((id) => seen.has(id))) throw projectNotFound();
	}

	/** What the caller may do with a project. Fails as the gate. */
	async rights(caller: Caller, id: string): Promise<ProjectRights> {
		const { gate } = this.#deps;
		const { resource, traits } = projectQuestion(id);
		const traitsOfNew = traitsOf({}, id, "new");
		return {
			mayManage: await gate.may(caller, "project.manage", resource, traits),
			mayCreate: await gate.may(caller, "unit.configure", resource, traitsOfNew),
			mayShare: await gate.may(caller, "unit.share", resource, traits),
		};
	}

	/**
	 * Makes one. Fails with `conflict` for a name that is taken, `invalid_request`, `too_large`,
	 * `forbidden`, or as Register.update.
	 */
	async create(caller: Caller, input: ProjectChange & { readonly name: string }): Promise<Project> {
		const { clock, random, organization } = this.#deps;
		const project: Project = {
			...defaultProject,
			...input,
			id: newId("prj", organization, random),
			created: new Date(clock.now()).toISOString(),
		};
		checkProject(project);
		const grant = await this.#deps.gate.authorize(caller, "project.manage", everything);
		return await this.#register.update(grant, (value) => {
			const projects = value?.projects ?? [];
			checkUnique(projects, project);
			if (projects.length >= limits.projectsMax) {
				throw new DomainError("too_large", `there are ${limits.projectsMax} projects already`);
			}
			return {
				operation: "project.create",
				detail: project.id,
				value: { projects: [...projects, project] },
				result: project,
			};
		});
	}

	/** Changes one. Fails with `not_found`, and as `create`. */
	async update(
		caller: Caller,
		id: string,
		change: (before: Project) => ProjectChange,
	): Promise<Project> {
		const grant = await this.#authorize(caller, id);
		return await this.#register.update<Project>(grant, (value) => {
			const before = inOrder(value).find((project) => project.id === id);
			if (before === undefined) throw projectNotFound();
			const project: Project = { ...before, ...change(before) };
			checkProject(project);
			checkUnique(value?.projects ?? [], project);
			if (isSame(project, before)) return { answer: before };
			const others = (value?.projects ?? []).filter((one) => one.id !== id);
			return {
				operation: "project.update",
				detail: id,
				value: { projects: [...others, project] },
				result: project,
			};
		});
	}

	/**
	 * Deletes one that has no workspaces, with what names it: accesses of teams, variable sets. Fails
	 * with `conflict` for one that has, or for the default one; with `not_found`, `forbidden`, or as
	 * Register.update.
	 */
	async delete(caller: Caller, id: string): Promise<void> {
		const grant = await this.#authorize(caller, id);
		if (id === defaultProjectId) {
			throw new DomainError("conflict", "the default project stays", {
				hint: "it may be renamed",
			});
		}
		const count = await this.workspaceCount(id);
		await this.#register.update<void>(grant, (value) => {
			const projects = value?.projects ?? [];
			const others = projects.filter((project) => project.id !== id);
			if (others.length === projects.length) throw projectNotFound();
			if (count > 0) {
				throw new DomainError("conflict", "the project has workspaces", {
					hint: "move them to another project or delete them first",
				});
			}
			return {
				operation: "project.delete",
				detail: id,
				value: { projects: others },
				result: undefined,
			};
		});
		await this.#forgetGone(grant);
	}

	/** Also what the deletion of another one left behind that was cut off. */
	async #forgetGone(grant: Grant): Promise<void> {
		for (const names of this.#deps.names) {
			// In this order: what is named and not there afterwards is gone, and no id comes twice.
			const named = await names.namedProjects();
			const known = new Set((await this.list()).map(({ id }) => id));
			const gone = new Set(named.filter((id) => !known.has(id)));
			if (gone.size > 0) await names.forgetProjects(grant, gone);
		}
	}

	/** How many workspaces it has, whoever may read them. Fails with `storage_unavailable`. */
	async workspaceCount(id: string): Promise<number> {
		const units = await orUnavailable(() => this.#deps.directory.all());
		return units.filter(({ deleted, project }) => deleted === null && project === id).length;
	}
}

function projectNotFound(): DomainError {
	return new DomainError("not_found", "there is no such project");
}

function inOrder(value: ProjectsDocument | null): readonly Project[] {
	const kept = value?.projects ?? [];
	const first = kept.find(({ id }) => id === defaultProjectId) ?? defaultProject;
	const others = kept
		.filter(({ id }) => id !== defaultProjectId)
		.sort((a, b) => (a.name < b.name ? -1 : 1));
	return [first, ...others];
}

function checkUnique(projects: readonly Project[], { id, name }: Project): void {
	if (!inOrder({ projects }).some((other) => other.name === name && other.id !== id)) return;
	throw new DomainError("conflict", "a project of this name exists", {
		hint: "use it, or choose another name",
	});
}

function checkProject({ name, description, labels }: Project): void {
	checkLabels(labels);
	if (!/^[\p{L}\p{N} _-]{3,40}$/u.test(name) || name.trim() !== name) {
		throw new DomainError(
			"invalid_request",
			"Name may only contain letters, digits, spaces, dashes and underscores",
			{ hint: "a project's name has 3 to 40 of them, and no space at either end" },
		);
	}
	if (Buffer.byteLength(description) > limits.workspaceTextBytesMax) {
		throw new DomainError("invalid_request", "the project's description is too long", {
			hint: `at most ${limits.workspaceTextBytesMax} bytes`,
		});
	}
}

function parseProjects(value: unknown): ProjectsDocument {
	const document = value as Partial<ProjectsDocument> | null;
	if (!Array.isArray(document?.projects)) {
		throw new DomainError("storage_corrupt", "the register of the projects is not readable");
	}
	return { projects: document.projects.map((project) => ({ ...defaultProject, ...project })) };
}
