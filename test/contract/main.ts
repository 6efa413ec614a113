/** Prints each sentence that holds; throws at the first that does not. */
import { others } from './others.ts';
import { promises } from './promises.ts';

async function main(): Promise<void> {
  for (const [sentence, hold] of Object.entries({ ...promises, ...others })) {
    try {
      await hold();
    } catch (error) {
      throw new Error(`does not hold: ${sentence}`, { cause: error });
    }
    console.log(sentence);
  }
}

void main();
