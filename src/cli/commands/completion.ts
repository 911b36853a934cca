import { command } from "../command.ts";
import { completionScript, completionShells } from "../completion.ts";

export default command({
	details: "Completes commands and flags.",
	examples: [
		"source <(taco completion bash)   # in ~/.bashrc",
		"taco completion zsh > ~/.zfunc/_taco   # a folder of your fpath",
		"taco completion fish > ~/.config/fish/completions/taco.fish",
	],
	args: {
		shell: {
			type: "positional",
			required: true,
			description: `One of ${completionShells.join(", ")}`,
		},
	},
	async run(cli, { shell }) {
		await cli.output.text(await completionScript(shell));
	},
});
