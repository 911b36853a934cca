import { command } from "../../command.ts";
import { newPassword } from "./passwords.ts";

export default command({
	details:
		"For servers without an identity provider. A name that is an e-mail address is also the user's\naddress, by which roles can be assigned.",
	examples: [
		"taco user create alice@example.com",
		"taco user create bob --group ops < password.txt",
	],
	args: {
		name: { type: "positional", required: true, description: "An e-mail address, or a plain name" },
		group: { type: "string", valueHint: "GROUP", description: "A group; may be repeated" },
	},
	repeatable: ["group"],
	async run(cli, args) {
		const client = await cli.identityClient();
		const user = {
			name: args.name,
			password: await newPassword(cli),
			groups: [...cli.all("group")],
		};
		const created = await client.createUser(user, { signal: cli.signal });
		await cli.output.result(`User created: ${created.name}`, created);
	},
});
