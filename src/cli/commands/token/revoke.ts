import { command } from "../../command.ts";
import { tokenIdOf } from "./token-id.ts";

export default command({
	details:
		"For good: nothing brings a revoked token back. At once on the server that is asked, within five\nseconds on every other one. Give the id that `taco token ls` shows, not the whole token.",
	args: {
		id: { type: "positional", required: true, description: "The token's id" },
	},
	async run(cli, args) {
		const id = tokenIdOf(args.id);
		await (await cli.identityClient()).revokeToken(id, { signal: cli.signal });
		await cli.output.result(`Token revoked: ${id}`, { id, revoked: true });
	},
});
