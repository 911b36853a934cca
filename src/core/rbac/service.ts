/** Roles as a service: set up, shown, changed and tried out. Every change is a record (I13). */
import { DomainError } from "../errors.ts";
import { type Organization, principalIn } from "../organization/organization.ts";
import type { Clock } from "../ports/clock.ts";
import type { Caller, Principal } from "../principal.ts";
import type { Register } from "../register/register.ts";
import { noTeams, type TeamsDocument } from "../team/model.ts";
import { teamRulesOf } from "../team/rules.ts";
import { type Action, outputAction, parseAction } from "./action.ts";
import {
	type AssignmentInput,
	checkManagersRemain,
	type NamedChange,
	type NamedInput,
	type PermissionChange,
	type PermissionInput,
	withAssignment,
	withoutAssignment,
	withoutPermission,
	withoutRole,
	withoutRolePermission,
	withPermission,
	withPermissionChange,
	withRole,
	withRoleChange,
	withRolePermissions,
} from "./changes.ts";
import { type AccessDecision, decide, isAdministrator, standingOf } from "./decide.ts";
import type { LabelsOf } from "./enforcer.ts";
import type { Gate, Grant } from "./grant.ts";
import {
	type Assignment,
	adminRole,
	emptyPolicy,
	initialPolicy,
	type Permission,
	type Policy,
	plainPolicy,
	type Role,
	type Stamp,
} from "./model.ts";
import { everything } from "./resource.ts";

export interface RbacServiceDeps {
	readonly register: Register<Policy>;
	readonly teams: Register<TeamsDocument>;
	readonly gate: Gate;
	readonly clock: Clock;
	/** Verified e-mail addresses, in lower case, of those who may always do everything. */
	readonly admins: ReadonlySet<string>;
	readonly labelsOf: LabelsOf;
	/** Whose roles these are. */
	readonly organization: Organization;
}

/** What somebody has, as they may know it themselves. */
export interface OwnAccess {
	readonly isEnabled: boolean;
	readonly isAdmin: boolean;
	readonly subject: string;
	readonly email: string | null;
	readonly roles: readonly string[];
	readonly enabled: Stamp | null;
	readonly updated: Stamp | null;
}

/** A question for `test`. Without anybody named it is about the caller. */
export interface TestInput {
	readonly subject?: string | undefined;
	readonly email?: string | undefined;
	readonly groups?: readonly string[] | undefined;
	/** `unit.read` or `unit:read`. */
	readonly action: string;
	/** A unit's id; `*` for what belongs to no unit. */
	readonly resource: string;
	/** An output of the unit, for unit.read-outputs. */
	readonly output?: string | undefined;
}

const servicePrefix = "service:";

/** A machine comes with a service token, which has the roles that are assigned to it. */
function identityOf(id: string): Pick<Principal, "id" | "credentialKind" | "loginId"> {
	if (!id.startsWith(servicePrefix)) return { id, credentialKind: "access-token", loginId: "" };
	return { id, credentialKind: "api-token", loginId: id.slice(servicePrefix.length) };
}

/** Sets up, shows, changes and tries out roles. */
export class RbacService {
	readonly #deps: RbacServiceDeps;

	constructor(deps: RbacServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * Turns roles on, with the built-in ones. The caller becomes an administrator by role, and so
	 * does whoever `first` names; of several callers at once one wins.
	 * Fails with `forbidden`, `conflict` when it has happened, or as Register.update.
	 */
	async init(
		caller: Caller,
		first: { readonly subject?: string | undefined; readonly email?: string | undefined } = {},
	): Promise<void> {
		const grant = await this.#grant(caller);
		const stamp = this.#stamp(caller);
		await this.#deps.register.update(grant, (policy) => {
			if (policy !== null && policy.enabled !== null) {
				throw new DomainError("conflict", "RBAC already initialized", {
					hint: "`taco rbac me` shows your roles",
				});
			}
			const value = firstAdmins(caller.principal, first).reduce<Policy>(
				(so_far, subject) =>
					withAssignment(so_far, { ...subject, kind: "user", role: adminRole }, stamp) ?? so_far,
				initialPolicy(stamp),
			);
			return { operation: "rbac.init", value: stored(value), result: undefined };
		});
	}

	/** What the caller has. Fails as Register.read. */
	async me(caller: Caller): Promise<OwnAccess> {
		const { register, admins, organization } = this.#deps;
		const [policies, teams] = await Promise.all([register.read(), this.#deps.teams.read()]);
		const policy = policies.value ?? emptyPolicy;
		const { principal } = caller;
		const seen = principalIn(organization, principal);
		const fromTeams = teamRulesOf(teams.value ?? noTeams, seen);
		const standing = standingOf(policy, admins, seen, fromTeams);
		return {
			isEnabled: policy.enabled !== null,
			isAdmin: standing.isAdmin,
			subject: principal.id,
			email: principal.email ?? null,
			roles: standing.roles,
			enabled: policy.enabled,
			updated: policy.updated,
		};
	}

	/** Who has which role. Fails with `forbidden` or as Register.read. */
	async assignments(caller: Caller): Promise<readonly Assignment[]> {
		return (await this.#read(caller)).assignments;
	}

	/** All roles. Fails with `forbidden` or as Register.read. */
	async roles(caller: Caller): Promise<readonly Role[]> {
		return (await this.#read(caller)).roles;
	}

	/** All permissions. Fails with `forbidden` or as Register.read. */
	async permissions(caller: Caller): Promise<readonly Permission[]> {
		return (await this.#read(caller)).permissions;
	}

	/** Gives a role; true unless the subject had it. Fails with `not_found` or as `change`. */
	async assign(caller: Caller, input: AssignmentInput): Promise<boolean> {
		return await this.#change(caller, "rbac.assign", describe(input), (policy, stamp) =>
			withAssignment(policy, input, stamp),
		);
	}

	/** Takes a role; true if the subject had it. Fails with `not_found`, `conflict` or as `change`. */
	async revoke(caller: Caller, input: AssignmentInput): Promise<boolean> {
		return await this.#change(caller, "rbac.revoke", describe(input), (policy) => {
			const { policy: after, removed } = withoutAssignment(policy, input);
			return removed === 0 ? null : after;
		});
	}

	/** Adds a role. Fails with `conflict`, `invalid_request` or as `change`. */
	async createRole(caller: Caller, input: NamedInput): Promise<void> {
		await this.#change(caller, "rbac.role.create", input.id, (policy, stamp) =>
			withRole(policy, input, stamp),
		);
	}

	/** Changes a role's name and description. Fails with `not_found`, `conflict` or as `change`. */
	async updateRole(caller: Caller, id: string, change: NamedChange): Promise<Role> {
		await this.#change(caller, "rbac.role.update", id, (policy) =>
			withRoleChange(policy, id, change),
		);
		return found(await this.roles(caller), id, "role");
	}

	/** Removes a role. Fails with `not_found`, `conflict` or as `change`. */
	async deleteRole(caller: Caller, id: string): Promise<void> {
		await this.#change(caller, "rbac.role.delete", id, (policy) => withoutRole(policy, id));
	}

	/** Adds permissions to a role; true unless it had them. Fails with `not_found` or as `change`. */
	async addToRole(caller: Caller, role: string, permissions: readonly string[]): Promise<boolean> {
		const detail = `${role}: ${permissions.join(", ")}`;
		return await this.#change(caller, "rbac.role.add", detail, (policy, stamp) =>
			withRolePermissions(policy, role, permissions, stamp),
		);
	}

	/** Takes a permission out of a role. Fails with `not_found`, `conflict` or as `change`. */
	async removeFromRole(caller: Caller, role: string, permission: string): Promise<void> {
		await this.#change(caller, "rbac.role.remove", `${role}: ${permission}`, (policy) =>
			withoutRolePermission(policy, role, permission),
		);
	}

	/** Adds a permission. Fails with `conflict`, `invalid_request` or as `change`. */
	async createPermission(caller: Caller, input: PermissionInput): Promise<Permission> {
		await this.#change(caller, "rbac.permission.create", input.id, (policy, stamp) =>
			withPermission(policy, input, stamp),
		);
		return found(await this.permissions(caller), input.id, "permission");
	}

	/**
	 * Changes a permission for all roles that have it. Fails with `not_found`, `conflict`,
	 * `invalid_request` or as `change`.
	 */
	async updatePermission(
		caller: Caller,
		id: string,
		change: PermissionChange,
	): Promise<Permission> {
		await this.#change(caller, "rbac.permission.update", id, (policy) =>
			withPermissionChange(policy, id, change),
		);
		return found(await this.permissions(caller), id, "permission");
	}

	/** Removes a permission. Fails with `not_found`, `conflict` or as `change`. */
	async deletePermission(caller: Caller, id: string): Promise<void> {
		await this.#change(caller, "rbac.permission.delete", id, (policy) =>
			withoutPermission(policy, id),
		);
	}

	/**
	 * What the gate would say, and why: by the same function on the same document. About others only
	 * with rbac.manage. A person is known by what is asked: their groups count if they are given.
	 * Fails with `invalid_request`, `forbidden` or as Register.read.
	 */
	async test(caller: Caller, input: TestInput): Promise<AccessDecision> {
		const action: Action = parseAction(input.action);
		const { output } = input;
		if (output !== undefined && action !== outputAction) {
			throw new DomainError(
				"invalid_request",
				"of a single output one can only ask whether it may be read",
				{
					hint: `ask with ${outputAction}`,
				},
			);
		}
		const isOwn = input.subject === undefined && input.email === undefined && !input.groups?.length;
		if (!isOwn) await this.#grant(caller);
		const principal: Principal = isOwn
			? principalIn(this.#deps.organization, caller.principal)
			: {
					...identityOf(input.subject ?? ""),
					...(input.email === undefined ? {} : { email: input.email.toLowerCase() }),
					groups: input.groups ?? [],
				};
		const { register, admins, labelsOf, gate } = this.#deps;
		const [{ value: policy }, teams] = await Promise.all([
			register.read(),
			this.#deps.teams.read(),
		]);
		const fromTeams = teamRulesOf(teams.value ?? noTeams, principal);
		const isUnit = input.resource !== everything;
		// Labels of a unit that the caller cannot see would show through the answer.
		const mayRead = isUnit && (await gate.may(caller, "unit.read", input.resource));
		const labels = mayRead ? await labelsOf(input.resource) : {};
		const { resource } = input;
		return decide({ policy, admins, principal, fromTeams, action, resource, labels, output });
	}

	async #read(caller: Caller): Promise<Policy> {
		await this.#grant(caller);
		return (await this.#deps.register.read()).value ?? emptyPolicy;
	}

	/**
	 * Applies a change: false when it gives null, because nothing needs to change. Fails with
	 * `forbidden`, `conflict` (not set up, or nobody could manage roles afterwards), or as
	 * Register.update.
	 */
	async #change(
		caller: Caller,
		operation: string,
		detail: string,
		apply: (policy: Policy, stamp: Stamp) => Policy | null,
	): Promise<boolean> {
		const grant = await this.#grant(caller);
		const stamp = this.#stamp(caller);
		const { name, isDefault } = this.#deps.organization;
		const where = isDefault ? "" : ` --org ${name}`;
		return await this.#deps.register.update(grant, (policy) => {
			if (policy === null || policy.enabled === null) {
				throw new DomainError("conflict", "RBAC is not initialized", {
					hint: `run \`taco rbac init${where}\` as an administrator first`,
				});
			}
			const after = apply(policy, stamp);
			if (after === null) return { answer: false };
			checkManagersRemain(policy, after);
			const value = stored({ ...after, updated: stamp });
			return { operation, detail: detail.slice(0, 512), value, result: true };
		});
	}

	#grant(caller: Caller): Promise<Grant<"rbac.manage">> {
		return this.#deps.gate.authorize(caller, "rbac.manage", everything);
	}

	#stamp(caller: Caller): Stamp {
		const at = new Date(this.#deps.clock.now()).toISOString();
		return { at, by: caller.principal.email ?? caller.principal.id };
	}
}

function found<T extends { readonly id: string }>(all: readonly T[], id: string, what: string): T {
	const one = all.find((each) => each.id === id);
	if (one === undefined) throw new DomainError("not_found", `the ${what} was deleted meanwhile`);
	return one;
}

/** The document in its stored form: what the register writes and `parsePolicy` reads. */
function stored(policy: Policy): Policy {
	return plainPolicy(policy) as Policy;
}

/** Whom `init` makes an administrator. The admin token needs no role, and is nobody's name. */
function firstAdmins(
	principal: Principal,
	named: { readonly subject?: string | undefined; readonly email?: string | undefined },
): { readonly subject?: string | undefined; readonly email?: string | undefined }[] {
	const isPerson = !isAdministrator(principal, new Set());
	const isNamed = named.subject !== undefined || named.email !== undefined;
	return [
		...(isPerson
			? [principal.email === undefined ? { subject: principal.id } : { email: principal.email }]
			: []),
		...(isNamed ? [named] : []),
	];
}

function describe(input: AssignmentInput): string {
	const whom = `${input.kind}:${input.subject ?? input.email ?? ""}`;
	return `${whom} ${input.role}${input.within === undefined ? "" : ` within ${input.within}`}`;
}
