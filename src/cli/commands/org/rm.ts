import { command } from "../../command.ts";

export default command({
	details:
		"Only an organization without units goes: delete its units first. The default one stays. Its\nname can be used again, for an organization that shares nothing with it.",
	examples: ["taco org rm acme", "taco org rm --yes acme"],
	args: {
		name: { type: "positional", required: true, description: "The organization's name" },
		yes: { type: "boolean", alias: "y", description: "Do not ask" },
	},
	async run(cli, { name, yes }) {
		if (yes !== true) {
			cli.requireInteractive("taco org rm", "add --yes");
			await cli.confirm(`Delete the organization ${name}, with its roles?`);
		}
		await (await cli.client()).organizations.delete(name, { signal: cli.signal });
		await cli.output.result(`Organization deleted: ${name}`, { name, deleted: true });
	},
});
