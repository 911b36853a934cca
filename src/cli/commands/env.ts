import { parseUnitId } from "../../core/unit/unit-id.ts";
import { command } from "../command.ts";
import { CliError } from "../errors.ts";

const shells = ["bash", "zsh", "sh", "fish", "powershell"] as const;

export default command({
	details:
		"Terraform's http backend sends a token only as the password of HTTP basic authentication, and\nonly when there is a user name too. With a unit, its addresses are printed as well.",
	examples: [
		'eval "$(taco env myapp/prod)"',
		"taco env --shell fish | source",
		"taco env --shell powershell | Out-String | Invoke-Expression",
	],
	args: {
		unit: { type: "positional", required: false, description: "The unit's id, such as myapp/prod" },
		shell: {
			type: "enum",
			options: [...shells],
			description: "The shell's language; bash by default",
		},
	},
	async run(cli, args) {
		const { url } = await cli.server();
		const token = await cli.token();
		const variables: [string, string][] = [];
		if (args.unit !== undefined) {
			const id = parseUnitId(args.unit);
			const address = await cli.backendAddress(id);
			for (const name of ["ADDRESS", "LOCK_ADDRESS", "UNLOCK_ADDRESS"]) {
				variables.push([`TF_HTTP_${name}`, address]);
			}
		}
		if (token !== null) {
			variables.push(["TF_HTTP_USERNAME", "taco"], ["TF_HTTP_PASSWORD", token.value]);
		} else if (args.unit === undefined) {
			throw new CliError(
				"no_token",
				`there is no token for ${url}`,
				"run taco login, or set OPENTACO_TOKEN",
			);
		} else {
			await cli.output.note("There is no token: Terraform will send none.");
		}
		if (cli.output.json) {
			await cli.output.document(Object.fromEntries(variables));
			return;
		}
		const shell = args.shell ?? "bash";
		for (const [name, value] of variables)
			await cli.output.text(`${assignment(shell, name, value)}\n`);
	},
});

/** A line that sets the variable to exactly this value; nothing in it is ever run. */
export function assignment(shell: string, name: string, value: string): string {
	if (shell === "fish") {
		return `set -gx ${name} '${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}';`;
	}
	if (shell === "powershell")
		return `$env:${name} = '${value.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
	return `export ${name}='${value.replaceAll("'", "'\\''")}'`;
}
