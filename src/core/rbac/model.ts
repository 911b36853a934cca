/**
 * The one document of roles: permissions hold rules, roles hold permissions, assignments give roles
 * to people, groups and tokens. Checked whole when it is read: a document that is not understood
 * in any part decides nothing, and that denies (I14).
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { parseResource, parseUnits, type Resource } from "./resource.ts";
import { type PlainRule, parseRule, type Rule } from "./rule.ts";

export const policySchema = 1;

/** Who did something, and when. */
export interface Stamp {
	/** ISO 8601. */
	readonly at: string;
	readonly by: string;
}

export interface Permission {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	readonly rules: readonly Rule[];
	readonly created: Stamp;
}

export interface Role {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	/** Ids. */
	readonly permissions: readonly string[];
	readonly created: Stamp;
}

export const subjectKinds = ["user", "group", "token"] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** Gives a role to a subject. */
export interface Assignment {
	readonly kind: SubjectKind;
	/** The principal's id, the group's name, or the id of a token's principal; null: by e-mail. */
	readonly subject: string | null;
	/** Lower case. Decides only when there is no `subject`. */
	readonly email: string | null;
	readonly role: string;
	/** The units for which it holds; null: all, and what belongs to no unit. */
	readonly within: Resource | null;
	readonly created: Stamp;
}

export interface Policy {
	/** null: `rbac init` has not happened. */
	readonly enabled: Stamp | null;
	readonly updated: Stamp | null;
	readonly permissions: readonly Permission[];
	readonly roles: readonly Role[];
	readonly assignments: readonly Assignment[];
}

export const emptyPolicy: Policy = {
	enabled: null,
	updated: null,
	permissions: [],
	roles: [],
	assignments: [],
};

export const adminRole = "admin";

/** Roles and permissions that are always there, and never deleted. */
export const builtInIds: ReadonlySet<string> = new Set([adminRole, "default", "reader"]);

/** What `rbac init` creates. */
export function initialPolicy(stamp: Stamp): Policy {
	const readEverything: Rule = {
		effect: "allow",
		actions: ["unit.read"],
		resources: [parseResource("*")],
	};
	const doEverything: Rule = { effect: "allow", actions: ["*"], resources: [parseResource("*")] };
	const make = (id: string, name: string, description: string, rule: Rule) => ({
		permission: { id, name, description, rules: [rule], created: stamp },
		role: { id, name, description, permissions: [id], created: stamp },
	});
	const parts = [
		make(adminRole, "Administrator", "May do everything", doEverything),
		make("default", "Default", "May read every unit", readEverything),
		make("reader", "Reader", "May read every unit", readEverything),
	];
	return {
		...emptyPolicy,
		enabled: stamp,
		updated: stamp,
		permissions: parts.map((part) => part.permission),
		roles: parts.map((part) => part.role),
	};
}

/** The document as it is stored. */
export function plainPolicy(policy: Policy): unknown {
	return {
		schema: policySchema,
		...policy,
		permissions: policy.permissions.map((permission) => ({
			...permission,
			rules: permission.rules.map((rule) => ({
				...rule,
				resources: rule.resources.map((resource) => resource.text),
			})),
		})),
		assignments: policy.assignments.map((assignment) => ({
			...assignment,
			within: assignment.within?.text ?? null,
		})),
	};
}

const parsed = new WeakMap<object, Policy>();

/**
 * Checks a stored document; the same object is checked once. Fails with `storage_corrupt` or
 * `schema_too_new`.
 */
export function parsePolicy(value: unknown): Policy {
	const object = asObject(value);
	const known = parsed.get(object);
	if (known !== undefined) return known;
	const policy = readPolicy(object);
	parsed.set(object, policy);
	return policy;
}

function readPolicy(object: Plain): Policy {
	if (typeof object.schema !== "number") throw damaged();
	if (object.schema > policySchema) {
		throw new DomainError("schema_too_new", "a newer version of this program wrote the roles", {
			hint: "upgrade this server",
		});
	}
	const permissions = asArray(object.permissions).map(readPermission);
	const roles = asArray(object.roles).map(readRole);
	const permissionIds = new Set(permissions.map((permission) => permission.id));
	const roleIds = new Set(roles.map((role) => role.id));
	const assignments = asArray(object.assignments).map(readAssignment);
	const isWhole =
		permissionIds.size === permissions.length &&
		roleIds.size === roles.length &&
		roles.every((role) => role.permissions.every((id) => permissionIds.has(id))) &&
		assignments.every((assignment) => roleIds.has(assignment.role));
	// A permission that cannot be found may be the one that denies.
	if (!isWhole) throw damaged();
	return {
		enabled: readStampOrNull(object.enabled),
		updated: readStampOrNull(object.updated),
		permissions,
		roles,
		assignments,
	};
}

function readPermission(value: unknown): Permission {
	const object = asObject(value);
	return {
		...readNamed(object),
		rules: asArray(object.rules).map((rule) => {
			const { effect, actions, resources } = asObject(rule);
			const plain: PlainRule = {
				effect: asText(effect),
				actions: asArray(actions).map(asText),
				resources: asArray(resources).map(asText),
			};
			return undamaged(() => parseRule(plain));
		}),
	};
}

function readRole(value: unknown): Role {
	const object = asObject(value);
	return { ...readNamed(object), permissions: asArray(object.permissions).map(asText) };
}

function readNamed(object: Plain) {
	return {
		id: asText(object.id),
		name: asText(object.name),
		description: asText(object.description),
		created: readStamp(object.created),
	};
}

function readAssignment(value: unknown): Assignment {
	const object = asObject(value);
	const kind = subjectKinds.find((one) => one === object.kind);
	const subject = object.subject === null ? null : asText(object.subject);
	const email = object.email === null ? null : asText(object.email);
	if (kind === undefined || (subject === null && (email === null || kind !== "user"))) {
		throw damaged();
	}
	const within = object.within === null ? null : asText(object.within);
	return {
		kind,
		subject,
		email,
		role: asText(object.role),
		within: within === null ? null : undamaged(() => parseUnits(within)),
		created: readStamp(object.created),
	};
}

function readStampOrNull(value: unknown): Stamp | null {
	return value === null ? null : readStamp(value);
}

function readStamp(value: unknown): Stamp {
	const object = asObject(value);
	return { at: asText(object.at), by: asText(object.by) };
}

type Plain = Readonly<Record<string, unknown>>;

function asObject(value: unknown): Plain {
	if (value === null || typeof value !== "object" || Array.isArray(value)) throw damaged();
	return value as Plain;
}

function asArray(value: unknown): readonly unknown[] {
	if (!Array.isArray(value)) throw damaged();
	return value;
}

function asText(value: unknown): string {
	if (typeof value !== "string") throw damaged();
	return value;
}

function undamaged<T>(read: () => T): T {
	try {
		return read();
	} catch (cause) {
		throw damaged(cause);
	}
}

function damaged(cause?: unknown): DomainError {
	return new DomainError("storage_corrupt", "the stored roles are damaged; nobody's roles count", {
		hint: "administrators may still act; run `taco doctor` on the store",
		...(cause === undefined ? {} : { cause }),
	});
}

/** Fails with `too_large` when the document has outgrown a bound. */
export function checkPolicySize(policy: Policy): void {
	const over = (
		[
			[policy.permissions.length, limits.permissionsMax, "permissions"],
			[policy.roles.length, limits.rolesMax, "roles"],
			[policy.assignments.length, limits.assignmentsMax, "assignments"],
		] as const
	).find(([count, most]) => count > most);
	if (over !== undefined) {
		throw new DomainError("too_large", `there are more than ${over[1]} ${over[2]}`, {
			hint: "assign roles to groups instead of people",
		});
	}
	if (Buffer.byteLength(JSON.stringify(plainPolicy(policy))) > limits.policyBytesMax) {
		throw new DomainError("too_large", "the roles are too large together", {
			hint: "assign roles to groups instead of people; shorten descriptions",
			details: { limitBytes: limits.policyBytesMax },
		});
	}
}
