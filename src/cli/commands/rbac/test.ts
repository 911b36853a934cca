import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { exitCodes } from "../../exit-codes.ts";
import { questionOf } from "./question.ts";

function whomOf(who: string, isToken: boolean): { email: string } | { subject: string } {
	if (isToken) return { subject: who.startsWith("service:") ? who : `service:${who}` };
	return who.includes("@") ? { email: who } : { subject: who };
}

export default command({
	details:
		"The server decides exactly as it would for a request of that person. Exit code 0 when it would be\nallowed, 5 when it would be denied. The groups that the identity provider asserts are not known to\nthe server before a login: name them with --group. Of a service\ntoken those roles count that are assigned to it; the ones that it brings itself show when it asks\nabout me.",
	examples: [
		"taco rbac test alice@example.com unit.write dev/app",
		"taco rbac test alice@example.com unit push dev/app",
		"taco rbac test me unit.read prod/app",
		"taco rbac test app-ci unit.read-outputs 'network/prod#vpc_id' --token",
	],
	args: {
		who: {
			type: "positional",
			required: true,
			description: "An e-mail address, a subject's id, or me; with --token, a service token",
		},
		operation: {
			type: "positional",
			required: true,
			description:
				"An action (unit.read), unit and a command of it, lock, unlock, assign or revoke",
		},
		first: { type: "positional", required: false, description: "The unit, or the command" },
		second: { type: "positional", required: false, description: "The unit, after a command" },
		group: {
			type: "string",
			valueHint: "NAME",
			description: "A group that the person is in; may be given several times",
		},
		token: { type: "boolean", description: "<who> is a service token's name or id" },
	},
	repeatable: ["group"],
	async run(cli, args) {
		const words = [args.operation, args.first, args.second].filter((word) => word !== undefined);
		const { action, resource } = questionOf(words);
		const groups = cli.all("group");
		const isToken = args.token === true;
		const isOwn = args.who === "me" && !isToken;
		if ((isOwn || isToken) && groups.length > 0) {
			throw usageError(
				"--group is about other people: one's own groups are known, tokens have none",
			);
		}
		const whom = isOwn ? {} : whomOf(args.who, isToken);
		const question = {
			...whom,
			...(groups.length === 0 ? {} : { groups: [...groups] }),
			action,
			resource,
		};
		const answer = await (await cli.client()).rbac.test(question, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(answer);
		} else {
			await cli.output.line(`${answer.status}: ${answer.reason}`);
			const roles = answer.user_roles.length === 0 ? "none" : answer.user_roles.join(", ");
			await cli.output.line(`Roles: ${roles}`);
			for (const { role, permission, rule } of answer.applicable_rules) {
				await cli.output.line(`  ${rule} (permission ${permission} of role ${role})`);
			}
		}
		return answer.allowed ? exitCodes.ok : exitCodes.notPermitted;
	},
});
