import type { RuleView } from "../../api/rbac.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { type Diagnostic, ProviderError } from "../plugin/diagnostic.ts";
import type { Attributes, Plain, PlainMap, ResourceType } from "../plugin/schema.ts";
import { nameFault, textOf, textsOf } from "./checks.ts";

const named: Attributes = {
	id: {
		type: "string",
		mode: "required",
		replaces: true,
		description: "Its id, by which it is referred to.",
		check: nameFault,
	},
	name: {
		type: "string",
		mode: "optional-computed",
		description: "For people; the id when nothing is set. Without it a name that is there stays.",
	},
	description: {
		type: "string",
		mode: "optional-computed",
		description: "For people. Without it a description that is there stays.",
	},
};

function requestOf(planned: PlainMap) {
	const [name, description] = [textOf(planned, "name"), textOf(planned, "description")];
	return {
		id: textOf(planned, "id") ?? "",
		...(name === undefined ? {} : { name }),
		...(description === undefined ? {} : { description }),
	};
}

/** What an update changes of name and description. */
function changeOf(planned: PlainMap, prior: PlainMap) {
	const changed = (["name", "description"] as const).filter((one) => planned[one] !== prior[one]);
	return Object.fromEntries(changed.map((one) => [one, textOf(planned, one) ?? ""]));
}

export const roleResource: ResourceType<Api> = {
	description:
		"A role: a named set of permissions. All but its id changes in place. The server does not delete a role that somebody has.",
	attributes: {
		...named,
		permissions: {
			type: ["set", "string"],
			mode: "optional",
			description:
				"Ids of permissions. An action such as `unit.read` stands for a permission that allows it everywhere.",
			check: (value) =>
				(value as readonly Plain[]).some((one) => String(one).includes(":"))
					? "Write actions with a dot: unit.read."
					: null,
		},
	},
	async create(planned, { api, signal }) {
		const role = requestOf(planned);
		const permissions = textsOf(planned, "permissions");
		const { rbac } = api.units;
		await orTaken("role", role.id, () => rbac.createRole(role, { signal }));
		try {
			if (permissions.length > 0) await rbac.addToRole(role.id, permissions, { signal });
		} catch (error) {
			// A role that is half made would be in the way of the next attempt.
			await rbac.deleteRole(role.id).catch(() => {});
			throw error;
		}
		return { name: role.name ?? role.id, description: role.description ?? "" };
	},
	async read(state, { api, signal }) {
		const roles = await api.units.rbac.roles({ signal });
		const role = roles.find(({ id }) => id === state.id);
		if (role === undefined) return null;
		const { name, description, permissions } = role;
		return { name, description, permissions };
	},
	async update(planned, prior, { api, signal }) {
		const id = textOf(planned, "id") ?? "";
		const [old, wanted] = [textsOf(prior, "permissions"), textsOf(planned, "permissions")];
		const added = wanted.filter((one) => !old.includes(one));
		const { rbac } = api.units;
		const change = changeOf(planned, prior);
		if (Object.keys(change).length > 0) await rbac.updateRole(id, change, { signal });
		if (added.length > 0) await rbac.addToRole(id, added, { signal });
		for (const one of old.filter((each) => !wanted.includes(each))) {
			await gone(() => rbac.removeFromRole(id, one, { signal }));
		}
		return {};
	},
	remove: (state, { api, signal }) =>
		gone(() => api.units.rbac.deleteRole(textOf(state, "id") ?? "", { signal })),
	importFrom: (id) => ({ id }),
};

export const permissionResource: ResourceType<Api> = {
	description:
		"A permission: a named set of rules, to be put into roles. All but its id changes in place, for every role that has it. The server does not delete a permission that a role has: `lifecycle { create_before_destroy = true }` lets the roles change first.",
	attributes: {
		...named,
		rules: {
			type: ["list", ["object", ruleType()]],
			mode: "required",
			description:
				"Objects of `effect` (`allow` or `deny`), `actions` (such as `unit.read`, or `*`) and `resources` (`*`, `dev/*`, `myapp/prod`, `env=prod`).",
		},
	},
	validate: (config) => ((config.rules ?? []) as readonly PlainMap[]).flatMap(ruleFaults),
	async create(planned, { api, signal }) {
		const rules = ((planned.rules ?? []) as readonly PlainMap[]).map(ruleOf);
		const permission = { ...requestOf(planned), rules };
		const made = await orTaken("permission", permission.id, () =>
			api.units.rbac.createPermission(permission, { signal }),
		);
		return { name: made.name, description: made.description };
	},
	async read(state, { api, signal }) {
		const permissions = await api.units.rbac.permissions({ signal });
		const found = permissions.find(({ id }) => id === state.id);
		if (found === undefined) return null;
		const rules = found.rules.map(({ effect, actions, resources }) => ({
			effect,
			actions,
			resources,
		}));
		return { name: found.name, description: found.description, rules };
	},
	async update(planned, prior, { api, signal }) {
		const rules = ((planned.rules ?? []) as readonly PlainMap[]).map(ruleOf);
		const change = { ...changeOf(planned, prior), rules };
		await api.units.rbac.updatePermission(textOf(planned, "id") ?? "", change, { signal });
		return {};
	},
	async remove(state, { api, signal }) {
		const id = textOf(state, "id") ?? "";
		try {
			await gone(() => api.units.rbac.deletePermission(id, { signal }));
		} catch (error) {
			// The built-in ones are a conflict too, which the server words.
			throw isClientError(error, "conflict") && /part of/.test(error.message) ? inUse(id) : error;
		}
	},
	importFrom: (id) => ({ id }),
};

/** What is there already is not overwritten; the message says how to take it over. */
async function orTaken<T>(
	kind: "role" | "permission",
	id: string,
	make: () => Promise<T>,
): Promise<T> {
	try {
		return await make();
	} catch (error) {
		if (!isClientError(error, "conflict") || !/exists/.test(error.message)) throw error;
		throw new ProviderError(
			`The ${kind} already exists`,
			[
				`The server has a ${kind} ${id} already. Either`,
				`- import it: terraform import opentaco_${kind}.NAME ${id}`,
				"- choose another id",
				`- or delete it first: taco rbac ${kind} delete ${id}`,
			].join("\n"),
			"id",
		);
	}
}

/** Terraform destroys before it changes what depended on it, unless it is told otherwise. */
function inUse(id: string): ProviderError {
	return new ProviderError(
		"The permission is part of a role",
		[
			`The server deletes ${id} only when no role has it. Either`,
			"- let its roles change first: give the permission lifecycle { create_before_destroy = true } and apply, then remove it",
			`- or take it out of them: taco rbac role revoke-permission <role> ${id}`,
		].join("\n"),
		"id",
	);
}

function ruleType() {
	return { effect: "string", actions: ["set", "string"], resources: ["set", "string"] } as const;
}

function ruleOf(rule: PlainMap): RuleView {
	return {
		effect: textOf(rule, "effect") ?? "",
		actions: textsOf(rule, "actions"),
		resources: textsOf(rule, "resources"),
	};
}

function ruleFaults(rule: PlainMap, index: number): Diagnostic[] {
	const faults: string[] = [];
	const { effect, actions, resources } = rule;
	if (effect !== "allow" && effect !== "deny") faults.push("effect must be allow or deny");
	for (const [name, list] of Object.entries({ actions, resources })) {
		if (!Array.isArray(list) || list.length === 0) faults.push(`${name} must not be empty`);
	}
	if (textsOf(rule, "actions").some((one) => one.includes(":"))) {
		faults.push("actions are written with a dot, as in unit.read");
	}
	return faults.map((fault) => ({
		severity: "error",
		summary: "Invalid rule",
		detail: `Rule ${index + 1}: ${fault}.`,
		at: ["rules", index],
	}));
}

/** What is gone already needs no removing. */
export async function gone(remove: () => Promise<unknown>): Promise<void> {
	try {
		await remove();
	} catch (error) {
		if (!isClientError(error, "not_found")) throw error;
	}
}
