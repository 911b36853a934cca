import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { either } from "../unit/unit-arguments.ts";

export default command({
	details:
		"A rule is effect:actions:resources. A denial wins over everything that allows. Resources are\npatterns of units, where * stands for any characters, or labels: env=prod. Behind # they name outputs.",
	examples: [
		"taco rbac permission create dev-write --rule 'allow:unit.read,unit.write,unit.lock:dev/*'",
		"taco rbac permission create vpc-outputs --rule 'allow:unit.read-outputs:network/*#vpc_*'",
		"taco rbac permission create no-prod 'No production' 'Keeps out of production' --rule 'deny:*:prod/*,env=prod'",
	],
	args: {
		id: { type: "positional", required: true, description: "The permission's id" },
		title: { type: "positional", required: false, description: "Its name; the id by default" },
		about: { type: "positional", required: false, description: "Its description" },
		name: { type: "string", valueHint: "NAME", description: "The same as the argument" },
		description: { type: "string", valueHint: "TEXT", description: "The same as the argument" },
		rule: {
			type: "string",
			valueHint: "EFFECT:ACTIONS:RESOURCES",
			description: "What it allows or denies; may be given several times",
		},
	},
	repeatable: ["rule"],
	async run(cli, args) {
		const rules = [...cli.all("rule")];
		if (rules.length === 0) throw usageError("at least one --rule is needed");
		const name = either(args.title, args.name, "the name");
		const description = either(args.about, args.description, "the description");
		const client = await cli.client();
		const made = await client.rbac.createPermission(
			{
				id: args.id,
				...(name === undefined ? {} : { name }),
				...(description === undefined ? {} : { description }),
				rules,
			},
			{ signal: cli.signal },
		);
		await cli.output.result(`Permission created: ${made.id}`, made);
	},
});
