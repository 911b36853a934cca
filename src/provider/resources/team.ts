import type { TeamMember, TeamView, UpdateTeam } from "../../api/teams.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { ProviderError } from "../plugin/diagnostic.ts";
import type { Attributes, Call, Plain, PlainMap, ResourceType } from "../plugin/schema.ts";
import { emptyFault, textOf, textsOf } from "./checks.ts";
import { gone } from "./rbac.ts";

const visibilities = ["secret", "organization"];

function teamNameFault(value: Plain): string | null {
	return /^[A-Za-z0-9_-](?:[A-Za-z0-9 _-]{0,88}[A-Za-z0-9_-])?$/.test(String(value))
		? null
		: "It must have up to 90 letters, digits, spaces, dashes and underscores, and no space at either end.";
}

function membersFault(value: Plain): string | null {
	const given = (value as readonly Plain[]).map((one) => String(one));
	if (given.some((one) => one === "" || one.startsWith("ou-") || /[\p{C}\s]/u.test(one))) {
		return "Name people by e-mail address and machines by their id, such as service:deployer.";
	}
	const spelled = new Set(given.map(keyOf));
	return spelled.size === given.length ? null : "An address stands in it in two spellings.";
}

const attributes: Attributes = {
	name: {
		type: "string",
		mode: "required",
		description: "Its name, which may change.",
		check: teamNameFault,
	},
	description: {
		type: "string",
		mode: "optional-computed",
		description: "For people. Without it a description that is there stays.",
	},
	visibility: {
		type: "string",
		mode: "optional-computed",
		description:
			"`secret`, which is the default: seen by its members and by who manages teams; or `organization`.",
		check: (value) =>
			visibilities.includes(String(value)) ? null : "It must be secret or organization.",
	},
	sso_team_id: {
		type: "string",
		mode: "optional",
		description: "A group of the identity provider whose people are in the team.",
		check: emptyFault,
	},
	organization_access: {
		type: ["set", "string"],
		mode: "optional-computed",
		description:
			"What it may do in the organization, such as `manage-workspaces`: all of it. Without it what is there stays.",
	},
	allow_member_token_management: {
		type: "bool",
		mode: "optional-computed",
		description: "Whether members may make and delete the team's token; true for a new one.",
	},
	members: {
		type: ["set", "string"],
		mode: "optional-computed",
		description:
			"Who is in it, all of them: e-mail addresses, and ids of machines such as `service:deployer`. Without it whoever is in it stays.",
		check: membersFault,
	},
	id: { type: "string", mode: "computed", description: "Given by the server." },
};

/** The owners are always there: import them to say who they are. */
export const teamResource: ResourceType<Api> = {
	description:
		"A team: people, and what they may do together. Import it by its name or its id; `owners` is always there, and can be imported and not destroyed.",
	attributes,
	create,
	async read(state, { api, signal }) {
		const { teams } = api.units;
		const wanted = state.id ?? state.name;
		const all = await teams.list({ signal });
		// After an import the name may be either.
		const isNamed = ({ name }: TeamView) => (state.id ?? null) === null && name === wanted;
		const found = all.find(({ id }) => id === wanted) ?? all.find(isNamed);
		if (found === undefined) return null;
		try {
			return shown(found, await teams.members(found.id, { signal }), state);
		} catch (error) {
			if (isClientError(error, "not_found")) return null;
			throw error;
		}
	},
	async update(planned, prior, call) {
		const { api, signal } = call;
		const id = textOf(prior, "id") ?? "";
		const { teams } = api.units;
		const change = changeOf(planned, prior);
		if (Object.keys(change).length > 0)
			await named(planned, () => teams.update(id, change, { signal }));
		const [old, wanted] = [textsOf(prior, "members"), textsOf(planned, "members")];
		const [oldKeys, keys] = [new Set(old.map(keyOf)), new Set(wanted.map(keyOf))];
		const added = wanted.filter((one) => !oldKeys.has(keyOf(one)));
		// First in, then out: the last way into the owners cannot be taken away.
		if (added.length > 0) await teams.addMembers(id, added, { signal });
		for (const one of old.filter((each) => !keys.has(keyOf(each)))) {
			await teams.removeMember(id, one, { signal });
		}
		return {};
	},
	remove: (state, { api, signal }) =>
		gone(() => api.units.teams.delete(textOf(state, "id") ?? "", { signal })),
	importFrom: (id) => ({ name: id }),
};

async function create(planned: PlainMap, { api, signal }: Call<Api>): Promise<PlainMap> {
	const { teams } = api.units;
	const wanted = { name: "", ...changeOf(planned, {}) };
	const made = await named(planned, () => teams.create(wanted, { signal }));
	const members = textsOf(planned, "members");
	try {
		const there = members.length === 0 ? [] : await teams.addMembers(made.id, members, { signal });
		return shown(made, there, planned);
	} catch (error) {
		// A team that is half made would be in the way of the next attempt.
		await teams.delete(made.id).catch(() => {});
		throw error;
	}
}

/** What is known and differs. */
function changeOf(planned: PlainMap, prior: PlainMap): UpdateTeam {
	const change: Record<string, Plain> = {};
	for (const name of Object.keys(attributes)) {
		if (name === "id" || name === "members" || planned[name] === undefined) continue;
		if (!isSame(planned[name], prior[name] ?? null)) change[name] = planned[name];
	}
	return change as UpdateTeam;
}

function isSame(one: Plain, other: Plain): boolean {
	const ordered = (value: Plain) => (Array.isArray(value) ? value.map(String).sort() : value);
	return Bun.deepEquals(ordered(one), ordered(other));
}

/** Addresses are the same in any case. */
function keyOf(member: string): string {
	return member.includes("@") ? member.toLowerCase() : member;
}

/** The members are spelled as they were. */
function shown(team: TeamView, members: readonly TeamMember[], before: PlainMap): PlainMap {
	const spelled = new Map(textsOf(before, "members").map((one) => [keyOf(one), one]));
	const names = members.map(({ email, subject, id }) => email ?? subject ?? id);
	return {
		...{ id: team.id, name: team.name, description: team.description },
		...{ visibility: team.visibility, sso_team_id: team.sso_team_id },
		organization_access: team.organization_access,
		allow_member_token_management: team.allow_member_token_management,
		members: names.map((one) => spelled.get(keyOf(one)) ?? one),
	};
}

/** Words the conflict of two teams of one name. */
async function named<T>(planned: PlainMap, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (error) {
		if (!isClientError(error, "conflict") || !/name exists/.test(error.message)) throw error;
		const name = textOf(planned, "name");
		throw new ProviderError(
			"Team already exists",
			[
				`The organization has a team ${name} already. Either`,
				`- import it: terraform import opentaco_team.NAME '${name}'`,
				"- choose another name",
				`- or delete it first: taco team rm '${name}'`,
			].join("\n"),
			"name",
		);
	}
}
