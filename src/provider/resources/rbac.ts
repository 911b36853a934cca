import type { RuleView } from "../../api/rbac.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import type { Diagnostic } from "../plugin/diagnostic.ts";
import type { Attributes, Plain, PlainMap, ResourceType } from "../plugin/schema.ts";
import { nameFault, textOf, textsOf } from "./checks.ts";

/** Nothing of these can be changed at the server, only made anew. */
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
		replaces: true,
		description: "For people; the id when absent.",
	},
	description: {
		type: "string",
		mode: "optional-computed",
		replaces: true,
		description: "For people.",
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

export const roleResource: ResourceType<Api> = {
	description:
		"A role: a named set of permissions. Its permissions change in place; a new name or description makes a new role, which the server refuses while somebody has it.",
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
		await rbac.createRole(role, { signal });
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
		"A permission: a named set of rules, to be put into roles. It cannot be changed, only made anew, and not while a role has it: give it another id with its new rules, and `lifecycle { create_before_destroy = true }`.",
	attributes: {
		...named,
		rules: {
			type: ["list", ["object", ruleType()]],
			mode: "required",
			replaces: true,
			description:
				"Objects of `effect` (`allow` or `deny`), `actions` (such as `unit.read`, or `*`) and `resources` (`*`, `dev/*`, `myapp/prod`, `env=prod`).",
		},
	},
	validate: (config) => ((config.rules ?? []) as readonly PlainMap[]).flatMap(ruleFaults),
	async create(planned, { api, signal }) {
		const rules = ((planned.rules ?? []) as readonly PlainMap[]).map(ruleOf);
		const made = await api.units.rbac.createPermission(
			{ ...requestOf(planned), rules },
			{ signal },
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
	remove: (state, { api, signal }) =>
		gone(() => api.units.rbac.deletePermission(textOf(state, "id") ?? "", { signal })),
	importFrom: (id) => ({ id }),
};

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
		attribute: "rules",
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
