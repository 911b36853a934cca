/** What the commands of `taco team` share. */
import type { TeamMember, TeamView, UpdateTeam } from "../../../api/teams.ts";
import { DomainError } from "../../../core/errors.ts";
import type { Cli } from "../../context.ts";

export const teamArgument = {
	type: "positional",
	required: true,
	description: "The team's name, or its id",
} as const;

export const whoArgument = {
	type: "positional",
	required: true,
	description: "An e-mail address, or an id such as service:deployer",
} as const;

/** What `create` and `update` set. */
export const teamFlags = {
	description: { type: "string", valueHint: "TEXT", description: "What it is for" },
	visibility: {
		type: "enum",
		options: ["secret", "organization"] as string[],
		description: "Who sees it: its members and managers, or everybody in the organization",
	},
	"sso-team-id": {
		type: "string",
		valueHint: "GROUP",
		description: "A group of the identity provider whose people are in it; empty: none",
	},
	"organization-access": {
		type: "string",
		valueHint: "ACCESS",
		description: "What it may do in the organization, such as manage-workspaces; may be repeated",
	},
	"member-tokens": {
		type: "enum",
		options: ["true", "false"] as string[],
		description: "Whether its members may make and delete its token",
	},
} as const;

/** Both commands take it several times. */
export const teamRepeatable = ["organization-access"] as const;

/** What the flags say; what is not given is absent. */
export function teamFields(cli: Cli): Omit<UpdateTeam, "name"> {
	const given = (flag: string) => cli.all(flag).at(-1);
	const [description, sso] = [given("description"), given("sso-team-id")];
	const visibility = given("visibility") as UpdateTeam["visibility"];
	const access = cli.all("organization-access");
	const tokens = given("member-tokens");
	return {
		...(description === undefined ? {} : { description }),
		...(visibility === undefined ? {} : { visibility }),
		...(sso === undefined ? {} : { sso_team_id: sso === "" ? null : sso }),
		// `none` alone takes all of them away.
		...(access.length === 0
			? {}
			: { organization_access: access.filter((name) => name !== "none") }),
		...(tokens === undefined ? {} : { allow_member_token_management: tokens === "true" }),
	};
}

/** The team of that name or id. @throws DomainError `not_found`, ClientError. */
export async function teamNamed(cli: Cli, name: string): Promise<TeamView> {
	const { teams } = await cli.client();
	const all = await teams.list({ signal: cli.signal });
	const found = all.find((one) => one.id === name) ?? all.find((one) => one.name === name);
	if (found !== undefined) return found;
	throw new DomainError("not_found", "there is no such team", {
		hint: "taco team ls lists those that you may see",
	});
}

export function memberName({ email, subject, id }: TeamMember): string {
	return email ?? subject ?? id;
}
