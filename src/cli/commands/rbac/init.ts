import { command } from "../../command.ts";

export default command({
	details:
		"Only administrators can: with the admin token, or as somebody named in OPENTACO_ADMINS. It makes\nthe roles admin, default and reader, and gives admin to whoever runs it and to --email.",
	examples: ["taco rbac init --email alice@example.com"],
	args: {
		email: { type: "string", valueHint: "EMAIL", description: "Who gets the role admin" },
		subject: { type: "string", valueHint: "ID", description: "The same, by the person's id" },
	},
	async run(cli, { email, subject }) {
		const client = await cli.client();
		const first = {
			...(email === undefined ? {} : { email }),
			...(subject === undefined ? {} : { subject }),
		};
		const answer = await client.rbac.init(first, { signal: cli.signal });
		await cli.output.result(answer.message, answer);
	},
});
