import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";

export default command({
	details:
		"For good: nothing brings a revoked token back. At once on the server that is asked, within five\nseconds on every other one. Give the id that `taco token ls` shows, not the whole token.",
	args: {
		id: { type: "positional", required: true, description: "The token's id" },
	},
	async run(cli, args) {
		const id = /^(?:otc_(?:tfe|svc)_)?([0-9a-f]{20})(?:_[0-9a-f]+)?$/.exec(args.id)?.[1];
		if (id === undefined)
			throw usageError("that is no id of a token", "taco token ls shows the ids");
		await (await cli.identityClient()).revokeToken(id, { signal: cli.signal });
		await cli.output.result(`Token revoked: ${id}`, { id, revoked: true });
	},
});
