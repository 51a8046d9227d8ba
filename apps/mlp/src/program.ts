import { Command, CommanderError } from "commander";
import { type NamesOptions, trainCharacters } from "./characters.ts";
import { modes } from "./engine.ts";
import { addHandoverCommands } from "./handover-commands.ts";
import { Mistake } from "./mistake.ts";
import { schedules } from "./optimizer.ts";
import { layers, real, whole } from "./options.ts";
import { openScreen } from "./terminal/open.ts";
import type { Output, Screen } from "./terminal/screen.ts";
import { type TrainOptions, train } from "./train.ts";

/** What a program needs of its surroundings. */
export interface Surroundings {
  readonly output: Output;
  readonly errors: NodeJS.WritableStream;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted to stop a run after its present step. */
  readonly signal: AbortSignal;
}

type Run<Options> = (options: Options, screen: Screen, signal: AbortSignal) => Promise<unknown>;

function addRunFlags(command: Command): Command {
  return command
    .addOption(
      command.createOption("--schedule <name>", "how the rate falls over the run").choices(schedules).default("cosine"),
    )
    .option("--decay <number>", "how slowly the mean of squared gradients forgets", real(0, 1, true), 0.9)
    .option("--momentum <number>", "share of the last step that is kept", real(0, 1, true), 0)
    .option("--epsilon <number>", "keeps the division away from zero", real(0, Number.POSITIVE_INFINITY), 1e-7)
    .option("--centered", "divide by the standard deviation of the gradients, not their RMS", false)
    .addOption(
      command
        .createOption("--mode <name>", "how the steps are run, with the same bits")
        .choices(modes)
        .default("compiled"),
    )
    .option("--threads <number>", "threads that compiled steps run on", whole(1, 64), 1)
    .option("--seed <number>", "same seed, same bits", whole(0), 1)
    .option("--save <file>", "write the weights at the end, as safetensors")
    .option("--load <file>", "start from the weights of a file")
    .option("--checkpoint <folder>", "save the run as it goes on, the last 5 times")
    .option("--checkpoint-every <steps>", "how often", whole(1), 200)
    .option("--resume", "go on from the last checkpoint of the folder, with the same bits")
    .option("--summaries <folder>", "write event files for TensorBoard");
}

const positive = real(0, Number.POSITIVE_INFINITY);

/** Builds the command line; the commands call `run` with what they are to do. */
function buildProgram(run: <Options>(command: Run<Options>, options: Options) => Promise<void>): Command {
  const program = new Command("demo").description("Trains small neural networks with gradtape.");
  const trainCommand = program
    .command("train", { isDefault: true })
    .description("train a classifier: a multilayer perceptron (the default command)")
    .option("--dataset <name>", "mnist, digits, spirals, or a folder of IDX files", "mnist")
    .option("--layers <sizes>", "sizes of the hidden layers, or none (default: 128,64; spirals 32,32)", layers)
    .option("--limit <rows>", "use at most so many training examples", whole(1))
    .option("--batch <rows>", "examples in a step (default: 128; digits and spirals 32)", whole(1))
    .option("--epochs <number>", "times through the training set (default: 5; digits 20, spirals 30)", whole(0))
    .option(
      "--learning-rate <number>",
      "of RMSProp, at the start (default: 0.003; digits 0.002, spirals 0.005)",
      positive,
    );
  addRunFlags(trainCommand).action((options: TrainOptions) => run(train, options));
  const namesCommand = program
    .command("names")
    .description("train a character model with an embedding on first names, and make up new ones")
    .option("--context <characters>", "characters the model sees", whole(1, 16), 5)
    .option("--embedding <numbers>", "numbers that stand for a character", whole(1, 1024), 16)
    .option("--hidden <units>", "units of the hidden layer", whole(1, 16_384), 128)
    .option("--batch <rows>", "examples in a step", whole(1), 64)
    .option("--epochs <number>", "times through the training set", whole(0), 10)
    .option("--learning-rate <number>", "of RMSProp, at the start", positive, 0.003)
    .option("--samples <number>", "names to make up at the end", whole(0, 10_000), 24)
    .option("--temperature <number>", "below 1 for likelier names, above 1 for wilder ones", positive, 0.8);
  addRunFlags(namesCommand).action((options: NamesOptions) => run(trainCharacters, options));
  const handover = addHandoverCommands(program, run);
  program.addHelpText("after", () => `\n${trainCommand.helpInformation()}`);
  for (const command of [trainCommand, namesCommand, handover]) {
    command.allowExcessArguments(true).hook("preAction", () => refuseArguments(command.args));
  }
  return program;
}

function refuseArguments(rest: readonly string[]): void {
  if (rest.length === 0) return;
  throw new Mistake(
    `unknown command '${rest[0]}'; expected train, names, export or import, then flags; see demo --help`,
    2,
  );
}

function oneLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .trim();
}

/**
 * Runs the command line.
 *
 * @param parameters what stands after the program's name
 * @returns the exit code: 0, 1 for a mistake in what was given, 2 for wrong usage
 */
export async function runProgram(parameters: readonly string[], surroundings: Surroundings): Promise<number> {
  const { output, errors, environment, signal } = surroundings;
  const program = buildProgram(async (command, options) => {
    const screen = openScreen(output, environment);
    const close = () => screen.close();
    // A second Ctrl-C ends the process at once; the terminal gets its cursor back even then.
    process.once("exit", close);
    try {
      await command(options, screen, signal);
    } finally {
      process.off("exit", close);
      close();
    }
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => output.write(text),
      outputError: (text) => errors.write(`demo: ${oneLine(text)} See demo --help.\n`),
    });
  }
  try {
    // Package runners differ in whether they pass the `--` on that separates their own flags from the script's.
    await program.parseAsync(parameters[0] === "--" ? parameters.slice(1) : parameters, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof Mistake)) throw error;
    errors.write(`demo: ${oneLine(error.message)}\n`);
    return error.exitCode;
  }
}
