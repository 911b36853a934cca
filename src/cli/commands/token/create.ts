import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { parseDuration } from "../../settings.ts";

export default command({
	details:
		"The token is shown this once. Without --service it speaks for you, with your rights as they are at\neach use; --role and --unit narrow it. With --service it speaks for the machine `service:<name>`,\nwhich has the roles that you name here or assign to it later.",
	examples: [
		"taco token create laptop --ttl 720h",
		"taco token create deploy --service --role writer --unit 'prod/*'",
	],
	args: {
		name: { type: "positional", required: true, description: "What it is for" },
		service: { type: "boolean", description: "For a machine, not for you" },
		role: { type: "string", valueHint: "ROLE", description: "A role; may be repeated" },
		unit: {
			type: "string",
			valueHint: "PATTERN",
			description: "Units, as in dev/*; may be repeated",
		},
		ttl: {
			type: "string",
			valueHint: "DURATION",
			description: "Such as 24h; without it, until revoked",
		},
	},
	repeatable: ["role", "unit"],
	async run(cli, args) {
		const ttlMs = args.ttl === undefined ? null : parseDuration(args.ttl);
		if (args.ttl !== undefined && (ttlMs === null || ttlMs < 1000)) {
			throw usageError(
				"--ttl must be a duration of at least a second",
				"write it like 30m, 24h or 90d",
			);
		}
		const [roles, units] = [cli.all("role"), cli.all("unit")];
		const client = await cli.identityClient();
		const created = await client.createToken(
			{
				name: args.name,
				...(args.service === true ? { service: true } : {}),
				...(roles.length === 0 ? {} : { roles: [...roles] }),
				...(units.length === 0 ? {} : { units: [...units] }),
				...(ttlMs === null ? {} : { ttl_seconds: Math.floor(ttlMs / 1000) }),
			},
			{ signal: cli.signal },
		);
		await cli.output.note(`Token ${created.id} for ${created.subject}, shown this once:`);
		await cli.output.result(created.token, created);
	},
});
