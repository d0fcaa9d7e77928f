// Prints the tables of docs/guardrail-model.md: npm run guardrail:evaluate -- [folder of sets; default: those in the repository]
import { SHIPPED, toolCorpus, userCorpus } from './corpus.mjs';
import { evaluate } from './evaluation.mjs';

const folder = process.argv[2] ?? SHIPPED;
const percent = (share) => (share === undefined ? '' : (100 * share).toFixed(1));

for (const [origin, corpus] of [
  ['user', userCorpus()],
  ['tool', toolCorpus()],
]) {
  console.log(`\n| ${origin}: set | texts | in training | flagged % | flagged %, family left out |`);
  console.log('| --- | --- | --- | --- | --- |');
  for (const { name, count, isTrained, inFamily, outOfFamily } of evaluate(corpus, origin, folder)) {
    console.log(
      `| ${name} | ${count} | ${isTrained ? 'yes' : 'no'} | ${percent(inFamily)} | ${percent(outOfFamily)} |`,
    );
  }
}
