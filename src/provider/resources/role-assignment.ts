import type { AssignmentView, SubjectKind } from "../../api/rbac.ts";
import type { Api } from "../configuration.ts";
import { type Diagnostic, ProviderError } from "../plugin/diagnostic.ts";
import type { Attribute, PlainMap, ResourceType } from "../plugin/schema.ts";
import { emptyFault, nameFault, textOf } from "./checks.ts";
import { gone } from "./rbac.ts";

const kinds = ["user", "group", "token"] as const;

const fixed = (description: string): Attribute => ({
	type: "string",
	mode: "optional",
	replaces: true,
	description,
	check: emptyFault,
});

/** Every change makes a new one. */
export const roleAssignmentResource: ResourceType<Api> = {
	description:
		"Gives a role to a person, a group of the identity provider, or a service token; everywhere, or within some units. Import it as `<role>,<kind>,<subject or e-mail>` or `<role>,<kind>,<subject or e-mail>,<units>`.",
	attributes: {
		role_id: {
			type: "string",
			mode: "required",
			replaces: true,
			description: "The role.",
			check: nameFault,
		},
		kind: {
			...fixed("`user`, which is the default, `group` or `token`."),
			check: (value) =>
				kinds.some((kind) => kind === value) ? null : "It must be user, group or token.",
		},
		subject: fixed("A person's id, a group's name, or the name of a service token."),
		email: fixed("A person's e-mail address, instead of the id."),
		unit: fixed("Only for these units: `dev/*`, `myapp/prod`, `env=prod`."),
		id: { type: "string", mode: "computed", description: "Role, kind, subject and units." },
	},
	validate: assignmentFaults,
	async create(planned, { api, signal }) {
		await api.units.rbac.assign(requestOf(planned), { signal });
		return { id: idOf(planned) };
	},
	async read(state, { api, signal }) {
		const all = await api.units.rbac.assignments({ signal });
		return all.some((one) => matches(one, state)) ? { id: idOf(state) } : null;
	},
	remove: (state, { api, signal }) =>
		gone(() => api.units.rbac.revoke(requestOf(state), { signal })),
	importFrom(id) {
		const [role, kind, who, ...units] = id.split(",");
		const known = kinds.find((one) => one === kind);
		if (!role || known === undefined || !who) {
			throw new ProviderError(
				"The import id is not understood",
				"Write <role>,<kind>,<subject or e-mail> or <role>,<kind>,<subject or e-mail>,<units>; kind is user, group or token.",
			);
		}
		const isEmail = known === "user" && who.includes("@");
		return {
			role_id: role,
			...(known === "user" ? {} : { kind: known }),
			...(isEmail ? { email: who } : { subject: who }),
			...(units.length === 0 ? {} : { unit: units.join(",") }),
		};
	},
};

function kindOf(map: PlainMap): SubjectKind {
	return (textOf(map, "kind") ?? "user") as SubjectKind;
}

function requestOf(map: PlainMap) {
	const [subject, email, unit] = ["subject", "email", "unit"].map((name) => textOf(map, name));
	return {
		kind: kindOf(map),
		role_id: textOf(map, "role_id") ?? "",
		...(subject === undefined ? {} : { subject }),
		...(email === undefined ? {} : { email }),
		...(unit === undefined ? {} : { unit }),
	};
}

function idOf(map: PlainMap): string {
	const { role_id, kind, subject, email, unit } = requestOf(map);
	const parts = [role_id, kind, subject ?? email ?? ""];
	return [...parts, ...(unit === undefined ? [] : [unit])].join(",");
}

function matches(view: AssignmentView, map: PlainMap): boolean {
	const { role_id, kind, subject, email, unit } = requestOf(map);
	return (
		view.role_id === role_id &&
		view.kind === kind &&
		(view.unit ?? undefined) === unit &&
		(subject === undefined || view.subject === subject) &&
		// Addresses are compared as the server does: in any case.
		(email === undefined || view.email?.toLowerCase() === email.toLowerCase())
	);
}

function assignmentFaults(config: PlainMap): Diagnostic[] {
	const problem = (detail: string, attribute: string): Diagnostic[] => [
		{ severity: "error", summary: "Invalid assignment", detail, at: attribute },
	];
	const email = textOf(config, "email");
	if (email !== undefined && kindOf(config) !== "user") {
		return problem("An e-mail address names a person: kind must be user.", "email");
	}
	if (email !== undefined && textOf(config, "subject") !== undefined) {
		return problem("Set either subject or email.", "email");
	}
	return [];
}
