/** Changes of the roles, as pure functions of the document. Each refuses with a DomainError. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Principal } from "../principal.ts";
import { type actions, findAction } from "./action.ts";
import { decide } from "./decide.ts";
import {
	type Assignment,
	adminRole,
	builtInIds,
	checkPolicySize,
	type Permission,
	type Policy,
	type Role,
	type Stamp,
	type SubjectKind,
} from "./model.ts";
import { everything, parseResource, parseUnits, type Resource } from "./resource.ts";
import { type PlainRule, parseRule, parseRuleText, plainRule, type Rule } from "./rule.ts";

export interface NamedInput {
	readonly id: string;
	readonly name?: string | undefined;
	readonly description?: string | undefined;
}

export interface PermissionInput extends NamedInput {
	/** Each as an object, or as `effect:actions:resources`. */
	readonly rules: readonly (PlainRule | string)[];
}

/** Whom a role is given to: of `subject` and `email` at least one, the e-mail for people only. */
export interface SubjectInput {
	readonly kind: SubjectKind;
	readonly subject?: string | undefined;
	readonly email?: string | undefined;
}

export interface AssignmentInput extends SubjectInput {
	readonly role: string;
	/** A pattern of units or a label selector; absent: everything. */
	readonly within?: string | undefined;
}

const idForm = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Adds a permission. Fails with `conflict`, `invalid_request` or `too_large`. */
export function withPermission(policy: Policy, input: PermissionInput, stamp: Stamp): Policy {
	const named = { ...checkNamed(input), created: stamp };
	if (policy.permissions.some((one) => one.id === named.id)) throw taken("permission");
	if (findAction(named.id) !== null) {
		throw new DomainError("conflict", "a permission cannot be called like an action", {
			hint: "choose another id",
		});
	}
	const permission: Permission = { ...named, rules: checkRules(input.rules) };
	return sized({ ...policy, permissions: [...policy.permissions, permission] });
}

/** What an update changes; what is absent stays. An empty name becomes the id. */
export interface NamedChange {
	readonly name?: string | undefined;
	readonly description?: string | undefined;
}

export interface PermissionChange extends NamedChange {
	readonly rules?: readonly (PlainRule | string)[] | undefined;
}

/**
 * Changes a permission, for all roles that have it; null when it is so already. Fails with
 * `not_found`, `conflict` for a built-in one, `invalid_request` or `too_large`.
 */
export function withPermissionChange(
	policy: Policy,
	id: string,
	change: PermissionChange,
): Policy | null {
	const before = requirePermission(policy, id);
	refuseBuiltIn(id, "permission", "changed");
	if (change.rules !== undefined && findAction(id) !== null) {
		throw new DomainError("conflict", "a permission called like an action keeps its rule", {
			hint: "make a permission of your own with what you want",
		});
	}
	const rules = change.rules === undefined ? before.rules : checkRules(change.rules);
	const after: Permission = { ...before, ...checkNamed(merged(before, change)), rules };
	if (isSameNamed(before, after) && isSameRules(before.rules, after.rules)) return null;
	const permissions = policy.permissions.map((one) => (one.id === id ? after : one));
	return sized({ ...policy, permissions });
}

/**
 * Changes a role's name and description; null when they are so already. Fails with `not_found`,
 * `conflict` for a built-in one, `invalid_request` or `too_large`.
 */
export function withRoleChange(policy: Policy, id: string, change: NamedChange): Policy | null {
	const before = requireRole(policy, id);
	refuseBuiltIn(id, "role", "changed");
	const after: Role = { ...before, ...checkNamed(merged(before, change)) };
	return isSameNamed(before, after) ? null : sized(withChangedRole(policy, after));
}

function merged(before: Permission | Role, change: NamedChange): NamedInput {
	const { id } = before;
	const { name = before.name, description = before.description } = change;
	return { id, name, description };
}

function isSameNamed(one: Permission | Role, other: Permission | Role): boolean {
	return one.name === other.name && one.description === other.description;
}

function isSameRules(some: readonly Rule[], others: readonly Rule[]): boolean {
	return JSON.stringify(some.map(plainRule)) === JSON.stringify(others.map(plainRule));
}

/** Removes a permission. Fails with `not_found`, or with `conflict` while a role has it. */
export function withoutPermission(policy: Policy, id: string): Policy {
	requirePermission(policy, id);
	refuseBuiltIn(id, "permission");
	if (policy.roles.some((role) => role.permissions.includes(id))) {
		throw new DomainError("conflict", "the permission is part of a role", {
			hint: "take it out of its roles first: `taco rbac role revoke-permission <role> <permission>`",
		});
	}
	return { ...policy, permissions: policy.permissions.filter((one) => one.id !== id) };
}

/** Adds a role without permissions. Fails with `conflict`, `invalid_request` or `too_large`. */
export function withRole(policy: Policy, input: NamedInput, stamp: Stamp): Policy {
	const named = { ...checkNamed(input), created: stamp };
	if (policy.roles.some((one) => one.id === named.id)) throw taken("role");
	return sized({ ...policy, roles: [...policy.roles, { ...named, permissions: [] }] });
}

/** Removes a role. Fails with `not_found`, or with `conflict` while somebody has it. */
export function withoutRole(policy: Policy, id: string): Policy {
	requireRole(policy, id);
	refuseBuiltIn(id, "role");
	if (policy.assignments.some((one) => one.role === id)) {
		throw new DomainError("conflict", "the role is assigned", {
			hint: "revoke it first: `taco rbac user revoke <email> <role>`; `taco rbac user list` says who has it",
		});
	}
	return { ...policy, roles: policy.roles.filter((one) => one.id !== id) };
}

/**
 * Adds permissions to a role. Each is a permission's id or an action: an action stands for a
 * permission of that name which allows it everywhere, and which is made when it is missing.
 * null when the role has them all. Fails with `not_found` or `too_large`.
 */
export function withRolePermissions(
	policy: Policy,
	roleId: string,
	given: readonly string[],
	stamp: Stamp,
): Policy | null {
	const role = requireRole(policy, roleId);
	let permissions = policy.permissions;
	const added = new Set<string>();
	for (const text of given) {
		const action = findAction(text);
		const id = action ?? text;
		if (action !== null && !permissions.some((one) => one.id === id)) {
			permissions = [...permissions, permissionOfAction(action, stamp)];
		}
		if (!permissions.some((one) => one.id === id)) throw missing("permission");
		if (!role.permissions.includes(id)) added.add(id);
	}
	if (added.size === 0) return null;
	const all = [...role.permissions, ...added];
	if (all.length > limits.permissionsPerRoleMax) {
		throw new DomainError(
			"too_large",
			`a role has at most ${limits.permissionsPerRoleMax} permissions`,
			{ hint: "put more rules into one permission" },
		);
	}
	return sized(withChangedRole({ ...policy, permissions }, { ...role, permissions: all }));
}

function permissionOfAction(action: (typeof actions)[number], stamp: Stamp): Permission {
	const rule: Rule = { effect: "allow", actions: [action], resources: [parseResource(everything)] };
	return {
		id: action,
		name: action,
		description: `Allows ${action} everywhere`,
		rules: [rule],
		created: stamp,
	};
}

/** Takes a permission out of a role. Fails with `not_found` or `conflict`. */
export function withoutRolePermission(policy: Policy, roleId: string, given: string): Policy {
	const role = requireRole(policy, roleId);
	const id = findAction(given) ?? given;
	if (!role.permissions.includes(id)) throw missing("permission in this role");
	if (roleId === adminRole && id === adminRole) {
		throw new DomainError("conflict", "the administrators' role keeps its own permission", {
			hint: "make a role of your own with what you want",
		});
	}
	const permissions = role.permissions.filter((one) => one !== id);
	return withChangedRole(policy, { ...role, permissions });
}

/** Gives a role to a subject; null when it has it already. Fails with `not_found` or `too_large`. */
export function withAssignment(
	policy: Policy,
	input: AssignmentInput,
	stamp: Stamp,
): Policy | null {
	requireRole(policy, input.role);
	const subject = checkSubject(input);
	const within = checkWithin(input.within);
	const assignment: Assignment = { ...subject, role: input.role, within, created: stamp };
	if (policy.assignments.some((one) => isSame(one, assignment))) return null;
	return sized({ ...policy, assignments: [...policy.assignments, assignment] });
}

/**
 * Takes a role from a subject: with `within` where it holds exactly there, else wherever it holds.
 * Gives how many assignments went. Fails with `not_found` when there is no such role.
 */
export function withoutAssignment(
	policy: Policy,
	input: AssignmentInput,
): { readonly policy: Policy; readonly removed: number } {
	requireRole(policy, input.role);
	const subject = checkSubject(input);
	const within = input.within === undefined ? undefined : checkWithin(input.within);
	const kept = policy.assignments.filter(
		(one) =>
			one.role !== input.role ||
			!isSameSubject(one, subject) ||
			(within !== undefined && (one.within?.text ?? null) !== (within?.text ?? null)),
	);
	return {
		policy: { ...policy, assignments: kept },
		removed: policy.assignments.length - kept.length,
	};
}

/**
 * Refuses a change after which no assignment lets anybody manage roles any more, when there was one
 * before. Fails with `conflict`.
 */
export function checkManagersRemain(before: Policy, after: Policy): void {
	if (hasManager(before) && !hasManager(after)) {
		throw new DomainError("conflict", "after this nobody could manage roles any more", {
			hint: "give the role admin to somebody else first",
		});
	}
}

function hasManager(policy: Policy): boolean {
	return policy.assignments.some((assignment) => {
		const principal: Principal = {
			id: assignment.kind === "group" ? "" : (assignment.subject ?? ""),
			credentialKind: assignment.kind === "token" ? "api-token" : "access-token",
			loginId: "",
			...(assignment.email === null ? {} : { email: assignment.email }),
			...(assignment.kind === "group" ? { groups: [assignment.subject ?? ""] } : {}),
		};
		const question = { policy, principal, admins: new Set<string>(), labels: {} };
		return decide({ ...question, action: "rbac.manage", resource: everything }).allowed;
	});
}

function checkSubject(input: SubjectInput): Pick<Assignment, "kind" | "subject" | "email"> {
	const subject = input.subject === undefined || input.subject === "" ? null : input.subject;
	const email = input.email === undefined || input.email === "" ? null : input.email.toLowerCase();
	const isBad =
		(subject === null && email === null) ||
		(input.kind !== "user" && (subject === null || email !== null)) ||
		(email !== null && !/^[^@\s,]+@[^@\s,]+$/.test(email)) ||
		[subject ?? "", email ?? ""].some((text) => !isText(text, limits.assigneeBytesMax));
	if (isBad) {
		throw new DomainError("invalid_request", "it is not clear whom the role is for", {
			hint: "give a person's e-mail address or subject, a group's name, or a token's id",
		});
	}
	return { kind: input.kind, subject, email };
}

function checkWithin(text: string | undefined): Resource | null {
	if (text === undefined || text === "" || text === everything) return null;
	return parseUnits(text);
}

function isSame(one: Assignment, other: Assignment): boolean {
	return (
		one.role === other.role &&
		(one.within?.text ?? null) === (other.within?.text ?? null) &&
		isSameSubject(one, other)
	);
}

/** By the subject where the other names one, else by the e-mail address. */
function isSameSubject(one: Assignment, other: Pick<Assignment, "kind" | "subject" | "email">) {
	if (one.kind !== other.kind) return false;
	return other.subject === null ? one.email === other.email : one.subject === other.subject;
}

function checkRules(rules: readonly (PlainRule | string)[]): Rule[] {
	if (rules.length === 0) {
		throw new DomainError("invalid_request", "a permission without rules would do nothing", {
			hint: "give at least one rule, e.g. allow:unit.read:dev/*",
		});
	}
	if (rules.length > limits.rulesPerPermissionMax) {
		throw new DomainError(
			"too_large",
			`a permission has at most ${limits.rulesPerPermissionMax} rules`,
			{ hint: "split it into several permissions" },
		);
	}
	return rules.map((rule) => (typeof rule === "string" ? parseRuleText(rule) : parseRule(rule)));
}

function checkNamed(input: NamedInput) {
	const { id, description = "" } = input;
	const name = input.name === undefined || input.name === "" ? id : input.name;
	if (!idForm.test(id) || Buffer.byteLength(id) > limits.roleIdBytesMax) {
		throw new DomainError("invalid_request", "the id is not acceptable", {
			hint: `ids have 1 to ${limits.roleIdBytesMax} letters, digits, ".", "_" and "-", starting with a letter or digit`,
		});
	}
	if (!isText(name, limits.nameBytesMax) || !isText(description, limits.descriptionBytesMax)) {
		throw new DomainError("invalid_request", "the name or the description is not acceptable", {
			hint: `one line each, at most ${limits.nameBytesMax} and ${limits.descriptionBytesMax} bytes`,
		});
	}
	return { id, name, description };
}

function isText(text: string, bytesMax: number): boolean {
	return Buffer.byteLength(text) <= bytesMax && !/[\u0000-\u001f\u007f]/.test(text);
}

function withChangedRole(policy: Policy, role: Role): Policy {
	return { ...policy, roles: policy.roles.map((one) => (one.id === role.id ? role : one)) };
}

function requireRole(policy: Policy, id: string): Role {
	const role = policy.roles.find((one) => one.id === id);
	if (role === undefined) throw missing("role");
	return role;
}

function requirePermission(policy: Policy, id: string): Permission {
	const permission = policy.permissions.find((one) => one.id === id);
	if (permission === undefined) throw missing("permission");
	return permission;
}

function refuseBuiltIn(id: string, what: string, act: "changed" | "deleted" = "deleted"): void {
	if (!builtInIds.has(id)) return;
	throw new DomainError("conflict", `a built-in ${what} cannot be ${act}`, {
		hint:
			act === "deleted"
				? "admin, default and reader are always there; simply do not assign them"
				: `make a ${what} of your own with what you want`,
	});
}

function missing(what: string): DomainError {
	return new DomainError("not_found", `there is no such ${what}`, {
		hint: "`taco rbac role list` and `taco rbac permission list` show what there is",
	});
}

function taken(what: string): DomainError {
	return new DomainError("conflict", `a ${what} with this id exists already`, {
		hint: "choose another id, or delete the old one first",
	});
}

function sized(policy: Policy): Policy {
	checkPolicySize(policy);
	return policy;
}
