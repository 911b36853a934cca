import { command } from "../../command.ts";

export default command({
	details:
		"An organization has its own units, roles and audit trail. Making one needs system.manage in the\ndefault organization. Its first administrator is whom --admin names, else the person who makes it.",
	examples: ["taco org create acme", "taco org create acme --admin alice@example.com"],
	args: {
		name: { type: "positional", required: true, description: "Letters, digits, - and _" },
		admin: {
			type: "string",
			valueHint: "EMAIL",
			description: "E-mail address of its first administrator",
		},
	},
	async run(cli, { name, admin }) {
		const wanted = admin === undefined ? { name } : { name, admin };
		const client = await cli.client();
		const created = await client.organizations.create(wanted, { signal: cli.signal });
		await cli.output.result(`Organization created: ${created.name}`, created);
	},
});
