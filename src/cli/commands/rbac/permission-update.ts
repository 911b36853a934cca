import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";

export default command({
	details:
		"The rules given replace all the old ones, at once and for every role that has the permission. What\nis not given stays.",
	examples: [
		"taco rbac permission update dev-write --rule 'allow:unit.read,unit.write,unit.lock:dev/*,test/*'",
		'taco rbac permission update dev-write --description "Dev and test"',
	],
	args: {
		permission: { type: "positional", required: true, description: "The permission's id" },
		name: { type: "string", valueHint: "NAME", description: "A new name; empty: the id" },
		description: { type: "string", valueHint: "TEXT", description: "A new description" },
		rule: {
			type: "string",
			valueHint: "EFFECT:ACTIONS:RESOURCES",
			description: "What it allows or denies from now on; may be given several times",
		},
	},
	repeatable: ["rule"],
	async run(cli, { permission, name, description }) {
		const rules = [...cli.all("rule")];
		if (name === undefined && description === undefined && rules.length === 0) {
			throw usageError("nothing to change", "give --rule, --name or --description");
		}
		const change = {
			...(name === undefined ? {} : { name }),
			...(description === undefined ? {} : { description }),
			...(rules.length === 0 ? {} : { rules }),
		};
		const client = await cli.client();
		const changed = await client.rbac.updatePermission(permission, change, { signal: cli.signal });
		await cli.output.result(`Permission updated: ${changed.id}`, changed);
	},
});
