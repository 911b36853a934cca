import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { parseDuration } from "../../settings.ts";
import { tokenIdOf } from "./token-id.ts";

export default command({
	details:
		"A token without an end, or with a later one, stays as it is. Nothing brings back one that has ended.\nNo token can renew itself: log in for it.",
	examples: ["taco token renew 0123456789abcdef0123 --ttl 90d"],
	args: {
		id: { type: "positional", required: true, description: "The token's id" },
		ttl: { type: "string", valueHint: "DURATION", description: "From now, such as 24h or 90d" },
	},
	async run(cli, args) {
		const ttlMs = args.ttl === undefined ? null : parseDuration(args.ttl);
		if (ttlMs === null || ttlMs < 1000) {
			throw usageError(
				"--ttl is needed, a duration of at least a second",
				"write it like 30m, 24h or 90d",
			);
		}
		const id = tokenIdOf(args.id);
		const client = await cli.identityClient();
		const renewed = await client.renewToken(id, Math.floor(ttlMs / 1000), {
			signal: cli.signal,
		});
		const end = renewed.expires === null ? "has no end" : `ends ${renewed.expires}`;
		await cli.output.result(`Token ${renewed.id} ${end}`, renewed);
	},
});
