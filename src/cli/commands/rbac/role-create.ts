import { command } from "../../command.ts";
import { either } from "../unit/unit-arguments.ts";

export default command({
	details: "A new role has no permissions: add them with taco rbac role permissions.",
	examples: [
		'taco rbac role create developers --description "May change dev"',
		'taco rbac role create developers Developers "May change dev"',
	],
	args: {
		id: { type: "positional", required: true, description: "The role's id" },
		title: { type: "positional", required: false, description: "Its name; the id by default" },
		about: { type: "positional", required: false, description: "Its description" },
		name: { type: "string", valueHint: "NAME", description: "The same as the argument" },
		description: { type: "string", valueHint: "TEXT", description: "The same as the argument" },
	},
	async run(cli, args) {
		const name = either(args.title, args.name, "the name");
		const description = either(args.about, args.description, "the description");
		const role = {
			id: args.id,
			...(name === undefined ? {} : { name }),
			...(description === undefined ? {} : { description }),
		};
		await (await cli.client()).rbac.createRole(role, { signal: cli.signal });
		await cli.output.result(`Role created: ${args.id}`, { id: args.id });
	},
});
