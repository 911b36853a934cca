import { command } from "../../command.ts";
import { newPassword } from "./passwords.ts";

export default command({
	details: "The user's logins end; their API tokens stay.",
	args: {
		name: { type: "positional", required: true, description: "The user's name" },
	},
	async run(cli, args) {
		const client = await cli.identityClient();
		await client.setPassword(args.name, await newPassword(cli), { signal: cli.signal });
		await cli.output.result(`Password set: ${args.name}`, { name: args.name });
	},
});
