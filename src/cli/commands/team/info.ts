import { command } from "../../command.ts";
import { projectNames } from "../project/project-arguments.ts";
import { placeOf } from "./access-arguments.ts";
import { memberName, teamArgument, teamNamed } from "./team-arguments.ts";

export default command({
	details: "Members and accesses are those that you may see.",
	examples: ["taco team info platform", "taco team info platform --json"],
	args: { team: teamArgument },
	async run(cli, args) {
		const team = await teamNamed(cli, args.team);
		const { teams } = await cli.client();
		const options = { signal: cli.signal };
		const [members, access, names] = await Promise.all([
			teams.members(team.id, options),
			teams.access({ team: team.id }, options),
			projectNames(cli),
		]);
		if (cli.output.json) {
			await cli.output.document({ ...team, members, team_access: access });
			return;
		}
		const lines: [string, readonly string[]][] = [
			["name", [team.name]],
			["id", [team.id]],
			["description", [team.description]],
			["visible to", [team.visibility === "secret" ? "members" : "all"]],
			["group", [team.sso_team_id ?? ""]],
			["members", members.map(memberName)],
			["organization", team.organization_access],
			["access", access.map((one) => `${one.level} in ${placeOf(one, names)}`)],
			["member tokens", [String(team.allow_member_token_management)]],
		];
		for (const [title, values] of lines) {
			for (const [at, value] of (values.length === 0 ? ["-"] : values).entries()) {
				await cli.output.line(`${(at === 0 ? `${title}:` : "").padEnd(15)}${value || "-"}`);
			}
		}
	},
});
