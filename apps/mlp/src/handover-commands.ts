import type { Command } from "commander";
import { type ExportOptions, exportStep, formats, handoverModels } from "./export.ts";
import { type GraphFileOptions, importGraph } from "./import.ts";
import { schedules } from "./optimizer.ts";
import { layers, real, whole } from "./options.ts";
import type { Screen } from "./terminal/screen.ts";

type Run = <Options>(
  command: (options: Options, screen: Screen) => Promise<unknown>,
  options: Options,
) => Promise<void>;

/** Adds the commands that hand a step to other engines and bring it home; returns the one that takes flags alone. */
export function addHandoverCommands(program: Command, run: Run): Command {
  const positive = real(0, Number.POSITIVE_INFINITY);
  const choice = (flag: string, text: string, choices: readonly string[]) =>
    program.createOption(flag, text).choices(choices);
  const exportCommand = program
    .command("export")
    .description("write a training step for TensorFlow, XLA or ONNX Runtime, with weights and batches")
    .addOption(choice("--format <name>", "for whom", formats).makeOptionMandatory())
    .requiredOption("--out <folder>", "the folder to write into")
    .addOption(choice("--model <name>", "what learns", handoverModels).default("perceptron"))
    .option("--dataset <name>", "of the perceptron: mnist, digits, spirals, or a folder of IDX files", "mnist")
    .option("--layers <sizes>", "sizes of its hidden layers, or none", layers)
    .option("--batch <rows>", "examples in a step", whole(1))
    .option("--steps <number>", "how many batches to write", whole(1, 100_000), 20)
    .option("--learning-rate <number>", "of RMSProp, at the start", positive)
    .addOption(choice("--schedule <name>", "how the rate falls over the steps", schedules).default("constant"))
    .option("--decay <number>", "how slowly the mean of squared gradients forgets", real(0, 1, true), 0.9)
    .option("--momentum <number>", "share of the last step that is kept", real(0, 1, true), 0)
    .option("--epsilon <number>", "keeps the division away from zero", positive, 1e-7)
    .option("--centered", "divide by the standard deviation of the gradients, not their RMS", false)
    .option("--seed <number>", "same seed, same bits", whole(0), 1)
    .option("--load <file>", "start from the weights of a file")
    .action((options: ExportOptions) => run(exportStep, options));
  program
    .command("import")
    .description("read a graph of TensorFlow, say what is in it, and run it")
    .argument("<file>", "a GraphDef or MetaGraphDef, binary or text")
    .option("--batches <file>", "run it on these: a tensor for each input, stacked, as safetensors")
    .option("--steps <number>", "how many of them (default: all)", whole(1))
    .option("--weights <file>", "values for its variables, as safetensors")
    .option("--outputs <names...>", "what to fetch, when the file does not say")
    .option("--save <file>", "write the variables at the end, as safetensors")
    .option("--narrow", "read int64 as int32", false)
    .action((file: string, options: GraphFileOptions) => {
      return run((given: GraphFileOptions, screen) => importGraph(file, given, screen), options);
    });
  return exportCommand;
}
