/** What may be allowed or denied. One list for every surface. */
import { DomainError } from "../errors.ts";

export const actions = [
	/** See that a unit exists, its lock and history, and read its state. */
	"unit.read",
	/** Read a unit's outputs, for callers who may not read the whole state. */
	"unit.read-outputs",
	/** Create a unit, write and restore its state, set its labels. */
	"unit.write",
	/** Write a state that goes back: a lower serial or another lineage. */
	"unit.force",
	/** Read a unit's variables, sensitive values excepted. */
	"unit.read-variables",
	/** Make, change and delete a unit's variables. */
	"unit.write-variables",
	/** Make a unit, set its labels, its settings and its project; not its state. */
	"unit.configure",
	/** Say which teams may do what with a unit, or in a project. */
	"unit.share",
	/** Take a lock and release one's own. */
	"unit.lock",
	/** Break somebody else's lock. */
	"unit.force-unlock",
	/** Delete a unit and bring it back. */
	"unit.delete",
	/** See what a unit was before it was deleted and created again. Implies none of the others. */
	"unit.manage",
	/** Change and delete a project, or make one. */
	"project.manage",
	/** Make, change and delete teams, the owners excepted, and make their tokens. */
	"team.manage",
	/** Put people into teams, the owners excepted, and into the organization. */
	"team.members",
	/** Say what teams may do in the organization. */
	"team.access",
	/** See teams that only their members see. */
	"team.read",
	/** See and change roles, permissions and who has them. */
	"rbac.manage",
	/** See and revoke other people's tokens, and make tokens for machines. */
	"token.manage",
	/** Read the audit trail: of one unit, or with the resource `*` of everything. */
	"audit.read",
	/** Run the server's own affairs. */
	"system.manage",
] as const;

export type Action = (typeof actions)[number];

/** The action that can be about single outputs of a unit. */
export const outputAction = "unit.read-outputs" satisfies Action;

/** Stands for every action in a rule. */
export const everyAction = "*";

const known: ReadonlySet<string> = new Set(actions);

const wider: Readonly<Partial<Record<Action, Action>>> = {
	"unit.read-variables": "unit.read",
	"unit.write-variables": "unit.write",
	"unit.configure": "unit.write",
	"unit.share": "rbac.manage",
	"project.manage": "unit.write",
	"team.manage": "rbac.manage",
	"team.members": "rbac.manage",
	"team.access": "rbac.manage",
	"team.read": "rbac.manage",
};

/** The action that includes this one, so that a rule about that is about this as well; or null. */
export function includedIn(action: Action): Action | null {
	return wider[action] ?? null;
}

/** Whether the action concerns units and only them: its resource is a unit's id. */
export function isUnitAction(action: Action): boolean {
	return action.startsWith("unit.");
}

/** Whether the action never concerns a single unit: its resource is always `*`. */
export function isGlobalAction(action: Action): boolean {
	return /^(?:rbac|token|system|team)\./.test(action);
}

/** The action that the text spells, with a dot or with a colon; null when there is none. */
export function findAction(text: string): Action | null {
	const dotted = text.replace(":", ".");
	return known.has(dotted) ? (dotted as Action) : null;
}

/** The action that the text spells, `unit.read` or `unit:read`. Fails with `invalid_request`. */
export function parseAction(text: string): Action {
	const action = findAction(text);
	if (action === null) {
		throw new DomainError("invalid_request", "there is no such action", {
			hint: `the actions are ${actions.join(", ")}`,
		});
	}
	return action;
}
