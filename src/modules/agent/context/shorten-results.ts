import type { ToolResultPart } from '../../../shared/llm/content-part.js';
import type { Message } from '../../../shared/llm/message.js';

/** The same message with every tool result that is longer than `maxCharacters` cut down to its beginning and its end. */
export function shortenResults(message: Message, maxCharacters: number): Message {
  if (message.role !== 'tool') return message;
  const parts = message.parts.map((part) => shortened(part, maxCharacters));
  return parts.every((part, index) => part === message.parts[index]) ? message : { role: 'tool', parts };
}

/** How many results of the one message are shorter in the other. */
export function countShortened(before: readonly Message[], after: readonly Message[]): number {
  return after.reduce((sum, message, index) => {
    const original = before[index];
    if (message === original || message.role !== 'tool' || original?.role !== 'tool') return sum;
    return sum + message.parts.filter((part, at) => part !== original.parts[at]).length;
  }, 0);
}

function shortened(part: ToolResultPart, maxCharacters: number): ToolResultPart {
  const text = JSON.stringify(part.result);
  if (text.length <= maxCharacters) return part;
  const head = Math.ceil(maxCharacters * 0.7);
  const tail = maxCharacters - head;
  return {
    ...part,
    result: {
      shortened: true,
      // A cut through a surrogate pair would be no text any more.
      beginning: text.slice(0, head).toWellFormed(),
      end: tail === 0 ? '' : text.slice(-tail).toWellFormed(),
      omitted_characters: text.length - maxCharacters,
    },
  };
}
