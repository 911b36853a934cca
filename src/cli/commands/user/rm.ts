import { command } from "../../command.ts";

export default command({
	details: "No login and no token of the user counts any more.",
	args: {
		name: { type: "positional", required: true, description: "The user's name" },
		yes: { type: "boolean", alias: "y", description: "Do not ask" },
	},
	async run(cli, args) {
		if (args.yes !== true) {
			cli.requireInteractive("taco user rm", "add --yes");
			await cli.confirm(`Remove the user ${args.name}?`);
		}
		await (await cli.identityClient()).removeUser(args.name, { signal: cli.signal });
		await cli.output.result(`User removed: ${args.name}`, { name: args.name, removed: true });
	},
});
