/**
 * What a team may do in a workspace, in a project and in the organization, in the words of the TFE
 * API; and the rules that follow. What these words allow beyond states and variables (runs, policies)
 * is kept and returned, and stands for nothing here. Pure.
 */
import { DomainError } from "../errors.ts";
import type { Action } from "../rbac/action.ts";
import { parseResource, projectResource, type Resource } from "../rbac/resource.ts";
import type { Rule } from "../rbac/rule.ts";

type Choices = Readonly<Record<string, readonly (string | boolean)[]>>;
export type AccessDetails = Readonly<Record<string, string | boolean>>;

const onOff = [false, true] as const;

/** What a custom access to a workspace consists of; the first value holds when nothing is said. */
const workspaceChoices = {
	runs: ["read", "plan", "apply"],
	variables: ["none", "read", "write"],
	"state-versions": ["none", "read-outputs", "read", "write"],
	"sentinel-mocks": ["none", "read"],
	"workspace-locking": onOff,
	"run-tasks": onOff,
	"policy-overrides": onOff,
} as const satisfies Choices;

/** The same for the workspaces of a project. */
const inProjectChoices = {
	runs: workspaceChoices.runs,
	variables: workspaceChoices.variables,
	"state-versions": workspaceChoices["state-versions"],
	"sentinel-mocks": workspaceChoices["sentinel-mocks"],
	"run-tasks": onOff,
	"policy-overrides": onOff,
	create: onOff,
	locking: onOff,
	move: onOff,
	delete: onOff,
} as const satisfies Choices;

const projectChoices = {
	settings: ["read", "update", "delete"],
	teams: ["none", "read", "manage"],
	"variable-sets": ["none", "read", "write"],
} as const satisfies Choices;

export const workspaceLevels = ["read", "plan", "write", "admin", "custom"] as const;
export type WorkspaceLevel = (typeof workspaceLevels)[number];
export const projectLevels = ["read", "write", "maintain", "admin", "custom"] as const;
export type ProjectLevel = (typeof projectLevels)[number];

export interface WorkspaceAccess {
	readonly level: WorkspaceLevel;
	readonly workspace: AccessDetails;
}

export interface ProjectAccess {
	readonly level: ProjectLevel;
	/** What it allows with the project itself. */
	readonly project: AccessDetails;
	/** And with the workspaces in it. */
	readonly workspace: AccessDetails;
}

const reading = { runs: "read", variables: "read", "state-versions": "read" } as const;
const writing = { runs: "apply", variables: "write", "state-versions": "write" } as const;
const mocks = { "sentinel-mocks": "read" } as const;

const workspaceDetails: Readonly<Record<Exclude<WorkspaceLevel, "custom">, AccessDetails>> = {
	read: reading,
	plan: { ...reading, runs: "plan" },
	write: { ...writing, ...mocks, "workspace-locking": true },
	admin: {
		...{ ...writing, ...mocks, "workspace-locking": true },
		...{ "run-tasks": true, "policy-overrides": true },
	},
};

const maintaining = {
	...{ ...writing, ...mocks, "run-tasks": true, "policy-overrides": true },
	...{ create: true, locking: true, move: true, delete: true },
} as const;

const inProjectDetails: Readonly<Record<Exclude<ProjectLevel, "custom">, AccessDetails>> = {
	read: reading,
	write: { ...writing, ...mocks, locking: true },
	maintain: maintaining,
	admin: maintaining,
};

const projectDetails: Readonly<Record<Exclude<ProjectLevel, "custom">, AccessDetails>> = {
	read: { "variable-sets": "read" },
	write: { "variable-sets": "read" },
	maintain: { "variable-sets": "write" },
	admin: { settings: "delete", teams: "manage", "variable-sets": "write" },
};

function chosen(choices: Choices, given: Readonly<Record<string, unknown>>): AccessDetails {
	return Object.fromEntries(
		Object.entries(choices).map(([name, values]) => {
			const value = given[name] ?? values[0];
			const known = values.find((one) => one === value);
			if (known !== undefined) return [name, known];
			throw new DomainError("invalid_request", `the access ${name} has no such value`, {
				hint: `it is one of ${values.join(", ")}`,
			});
		}),
	);
}

type Given = Readonly<Record<string, unknown>>;

function levelIn<T extends string>(levels: readonly T[], given: unknown): T {
	const level = levels.find((one) => one === given);
	if (level !== undefined) return level;
	throw new DomainError("invalid_request", "there is no such level of access", {
		hint: `the levels are ${levels.join(", ")}`,
	});
}

/** Details of an access that is not custom. */
function refuseDetails(level: string, choices: Choices, given: Given): void {
	const named = Object.keys(choices).find((name) => given[name] !== undefined);
	if (named === undefined) return;
	const shown = `${named.charAt(0).toUpperCase()}${named.slice(1)}`;
	throw new DomainError(
		"invalid_request",
		`${shown} is read-only when access level is '${level}'; use the 'custom' access level to set this attribute.`,
	);
}

/** Fails with `invalid_request`, also for details of an access that is not custom. */
export function workspaceAccess(given: unknown, details: Given): WorkspaceAccess {
	const level = levelIn(workspaceLevels, given);
	if (level !== "custom") refuseDetails(level, workspaceChoices, details);
	const wanted = level === "custom" ? details : workspaceDetails[level];
	return { level, workspace: chosen(workspaceChoices, wanted) };
}

/** Fails with `invalid_request`. Only a custom access looks at the details. */
export function projectAccess(given: unknown, project: Given, workspace: Given): ProjectAccess {
	const level = levelIn(projectLevels, given);
	const isCustom = level === "custom";
	return {
		level,
		project: chosen(projectChoices, isCustom ? project : projectDetails[level]),
		workspace: chosen(inProjectChoices, isCustom ? workspace : inProjectDetails[level]),
	};
}

function allow(actions: readonly Action[], resource: Resource): Rule[] {
	return actions.length === 0 ? [] : [{ effect: "allow", actions, resources: [resource] }];
}

const stateActions: Readonly<Record<string, readonly Action[]>> = {
	"read-outputs": ["unit.read-outputs"],
	read: ["unit.read"],
	write: ["unit.read", "unit.write"],
};

const variableActions: Readonly<Record<string, readonly Action[]>> = {
	read: ["unit.read-variables"],
	write: ["unit.read-variables", "unit.write-variables"],
};

/** What whoever administers a unit may do with it. */
const administering: readonly Action[] = [
	...(["unit.read", "unit.write", "unit.lock", "unit.force-unlock"] as const),
	...(["unit.force", "unit.delete", "unit.share"] as const),
];

/** The rules of an access to one unit. Planning locks, since plans run at the caller's. */
export function rulesForWorkspace(unit: string, { level, workspace }: WorkspaceAccess): Rule[] {
	const resource = parseResource(unit);
	if (level === "admin") return allow(administering, resource);
	const mayLock = workspace["workspace-locking"] === true || workspace.runs !== "read";
	return allow(
		[
			...(stateActions[String(workspace["state-versions"])] ?? []),
			...(variableActions[String(workspace.variables)] ?? []),
			...(mayLock ? (["unit.lock"] as const) : []),
		],
		resource,
	);
}

/** The rules of an access to a project: about the project itself, and about the units in it. */
export function rulesForProject(project: string, access: ProjectAccess): Rule[] {
	const { workspace, project: own, level } = access;
	const itself = projectResource(project, "itself");
	const existing = projectResource(project, "existing");
	const all = projectResource(project, null);
	const canWrite = workspace["state-versions"] === "write";
	const mayLock = workspace.locking === true || workspace.runs !== "read";
	const isFull = level === "maintain" || level === "admin";
	return [
		...allow(stateActions[String(workspace["state-versions"])] ?? [], existing),
		...allow(variableActions[String(workspace.variables)] ?? [], existing),
		...allow(mayLock ? ["unit.lock"] : [], canWrite && workspace.create === true ? all : existing),
		...allow(workspace.create === true ? ["unit.write"] : [], projectResource(project, "new")),
		// What was deleted counts as not made yet, and comes back by the same right.
		...allow(workspace.delete === true ? ["unit.delete"] : [], existing),
		...allow(workspace.delete === true ? ["unit.delete"] : [], projectResource(project, "new")),
		...allow(isFull ? ["unit.force-unlock", "unit.force"] : [], existing),
		...allow(own.settings === "read" ? [] : ["project.manage"], itself),
		...allow(own.teams === "manage" ? ["unit.share"] : [], all),
		...allow(variableActions[String(own["variable-sets"])] ?? [], itself),
	];
}

/** What a team may do in the organization; those that stand for nothing here have no actions. */
const organizationActions: Readonly<Record<string, readonly Action[]>> = {
	"manage-workspaces": administering,
	"read-workspaces": ["unit.read"],
	"manage-projects": [...administering, "project.manage"],
	"read-projects": ["unit.read"],
	"manage-membership": ["team.members"],
	"manage-teams": ["team.manage"],
	"manage-organization-access": ["team.access"],
	"access-secret-teams": ["team.read"],
	...Object.fromEntries(
		[
			...["manage-policies", "manage-policy-overrides", "delegate-policy-overrides"],
			...["manage-vcs-settings", "manage-modules", "manage-providers", "manage-run-tasks"],
			...["manage-agent-pools", "manage-public-providers", "manage-public-modules"],
		].map((name) => [name, []]),
	),
};

/** Every flag of the access to the organization, in order. */
export const organizationFlags: readonly string[] = Object.keys(organizationActions);

/** The rules of an access to the organization. */
export function rulesForOrganization(flags: Readonly<Record<string, boolean>>): Rule[] {
	const everything = parseResource("*");
	return organizationFlags
		.filter((name) => flags[name] === true)
		.flatMap((name) => allow(organizationActions[name] ?? [], everything));
}

/** The rules of an organization's token: it arranges everything, and reads and writes no state. */
export const organizationTokenRules: readonly Rule[] = [
	...allow(
		[
			...(["unit.configure", "unit.delete", "unit.share", "unit.read-variables"] as const),
			...(["unit.write-variables", "project.manage", "team.manage", "team.members"] as const),
			...(["team.access", "team.read"] as const),
		],
		parseResource("*"),
	),
];

/** The rules of the token for the audit trail. */
export const auditTokenRules: readonly Rule[] = [...allow(["audit.read"], parseResource("*"))];

/** The rules of the owners. A rule that denies something to them still does. */
export const ownersRules: readonly Rule[] = [
	{ effect: "allow", actions: ["*"], resources: [parseResource("*")] },
];
