import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";

export default command({
	details: "Its permissions change with taco rbac role permissions.",
	examples: ['taco rbac role update developers --description "May change dev and test"'],
	args: {
		role: { type: "positional", required: true, description: "The role's id" },
		name: { type: "string", valueHint: "NAME", description: "A new name; empty: the id" },
		description: { type: "string", valueHint: "TEXT", description: "A new description" },
	},
	async run(cli, { role, name, description }) {
		if (name === undefined && description === undefined) {
			throw usageError("nothing to change", "give --name or --description");
		}
		const change = {
			...(name === undefined ? {} : { name }),
			...(description === undefined ? {} : { description }),
		};
		const client = await cli.client();
		const changed = await client.rbac.updateRole(role, change, { signal: cli.signal });
		await cli.output.result(`Role updated: ${changed.id}`, changed);
	},
});
