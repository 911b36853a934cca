import { command } from "../../command.ts";

export default command({
	details: "Always writes JSON.",
	examples: ["taco org info acme"],
	args: { name: { type: "positional", required: true, description: "The organization's name" } },
	async run(cli, { name }) {
		const client = await cli.client();
		await cli.output.document(await client.organizations.get(name, { signal: cli.signal }));
	},
});
