import type { Lexicon } from './lexicon.js';

export const ENGLISH: Lexicon = {
  ignore:
    "ignor*, disregard*, forget, forgets, forgetting, forgot, overlook, neglect, bypass*, override, overrid*, dismiss, discard, nevermind, never mind, pay no attention, do not follow, dont follow, don't follow, stop following, erase, wipe, reset, set aside, disobey, abandon, cancel, skip over, drop all, throw away, no longer bound, no longer follow, supersede*, void, nullif*, unlearn, not applicable, scrap",
  prior:
    'previous*, prior, above, preceding, earlier, before, past, foregoing, former, initial*, original, existing, current, so far, up to this point, until now, to this point, old, beginning, start of, first, preloaded, pre-prompt, preprompt, foundational, given, told, have been, you received, you were, you got',
  instructions:
    'instruction*, rule, rules, ruleset, prompt, prompts, directive*, guideline*, orders, command*, task, tasks, assignment*, programming, polic*, restriction*, constraint*, directions, protocol*, requirements, settings, configuration, config, limitation*, safeguard*, filters, conditions, logic, principles, training, setup, operating parameters, brief, mandate, pre-instruction*, metaprompt, preamble',
  system:
    'system*, developer message, root, backend, kernel, internal, core, base, admin panel, under the hood',
  reveal:
    "reveal*, show, print*, repeat*, output*, display*, tell me, give me, leak*, dump, expose, summari*, translate, convert, recite, echo, list, share*, disclos*, provide, return, write out, spell out, reproduce, copy, paste, transcribe, encode, export, format, rephrase, paraphrase, restate, report, confess, state, clarify, what is, what's, what are, what were, remind me, let me see, i want to see, i need to see, recall, quote, confirm",
  secret:
    'password*, passphrase*, passcode*, passkey, access code*, secret*, api key*, apikey, key phrase, credential*, private key, token, tokens, security code, access key, confidential*, login, pin code, unlock*, pw, codeword, code word, wake-up',
  persona:
    "act as, acting as, pretend*, roleplay*, role-play*, role play*, simulat*, you are now, you're now, from now on, henceforth, imagine, persona, character, play the role, take on the role, dan, stay in character, stan, dude, impersonat*, embody, you will be, you are going to, immerse yourself, become, you are a, you are an, alter ego, respond as, answer as, speak as, behave as, behave like, emulat*",
  unrestricted:
    'unrestrict*, unfilter*, uncensor*, no restrictions, no rules, without restriction*, without any restriction*, without filter*, no filter*, limitless, amoral, unethical, immoral, illegal, no limits, no limitations, jailbreak*, jailbroken, do anything now, anything now, free of, freed from, broken free, unbound, unlimited, nsfw, no ethical, no moral, without moral*, without ethic*, no guidelines, uninhibited, unaligned, evil, never refuse*, cannot refuse, can do anything, unhinged, no longer have, without limit*, no longer restricted, not bound, not restricted, unchained, no content policy, regardless of',
  mode: 'mode, debug*, maintenance, override mode, sudo, god mode, developer mode, diagnostic*, safe mode, test mode, enabled, activated, activate, enable, disable*, shell, terminal, interpreter, console',
  say: 'say, saying, respond*, reply, replies, answer with, begin your, start your, start with, begin with, prefix*, append, complete, output, print, type, write, spell, utter, scream, shout, end with, finish with, concatenat*, affix',
  only: 'only, exactly, just, nothing else, nothing but, verbatim, literally, word for word, precisely, no other, without explanation, without any, no explanation*, exact, character by character, letter by letter, in full, entire, complete, single word',
  model:
    'chatgpt, gpt*, ai, a.i, assistant, llm*, language model*, chatbot*, bot, openai, anthropic, claude, gemini, bard, llama, copilot, artificial intelligence, neural network*, large language, machine learning model*, mistral, model',
  refusal:
    "refus*, cannot, can't, i'm sorry, im sorry, apolog*, warning*, disclaimer*, moral*, ethic*, inappropriate, censor*, as an ai, decline, reject, denied, deny, unable to, unwilling, complain, openai polic*, content polic*, safety",
  cipher:
    'decod*, base64, base 64, rot13, rot 13, hex, hexadecimal, revers*, encod*, cipher*, morse, leetspeak, caesar, pig latin, unscramble, decrypt*, encrypt*, acrostic, binary, ascii, backwards, obfuscat*, emoji, interlace*, concatenat*',
  private:
    "user's, users', email address*, birth date, date of birth, birthday, home address, social security, ssn, phone number*, credit card*, personal data, personal information, personal info, bank account, user data, employee data, where does, living now, currently live*, place of residence, city of residence, lives, other users, customer data, chat history, conversation history, transcript, birth year, birth month, initials, favorite color, salary",
  send: 'send, sends, forward, email it, post it, upload*, submit, transmit, exfiltrat*, http, https, fetch, webhook, curl, visit, click, navigate, download, redirect, append it to the url',
  your: 'your, yours, you, yourself, u, ur, thou, thy',
  not: "not, don't, dont, do not, never, no, without, n't, no longer, avoid, neither, nor, stop, refrain, cease",
  new: 'new, following, now, instead, next, below, subsequent*, latest, updated, replacement, revised, from here on, going forward, change of plans, actually, follow these, henceforth, different',
  explain:
    'explain*, mean, means, meaning, why, how do, how does, how can, how to, difference, example*, understand*, tutorial, article, essay, research*, describe*, definition, documentation, docs',
  guard:
    'detect*, block*, prevent*, protect*, defend*, mitigat*, test that, sanitize*, attack*, injection*, vulnerab*, security, guardrail*, firewall, classifier, classif*, lint, unit test, regex',
  authority:
    'developer*, admin, admins, administrator*, creator*, engineer, police*, president, openai*, owner, ceo, maintainer, officer, your programmer, god, law enforcement, supervisor, operator, staff, authorized, authorised, authorization, security team, tech support, red team*, qa team, auditor',
  text: 'text, message, messages, conversation, words, sentence*, everything, content, contents, context, input, paragraph, document, information, dialogue, chat, history, lines, characters, data, article, articles, phrase, discussion, anything',
  harm: 'illegal*, bomb*, hack*, malware, racist, toxic, offensive, violence, violent, kill*, drug, drugs, meth, hate, hates, hated, weapon*, slur*, sexist, harmful, dangerous, porn*, explicit, erotic*, profan*, swear*, curse, cuss, ransomware, phishing, explosives, murder, destroy*, derogatory, negative, unfriendly, discriminatory, pwned, steal*, abusive, fuck*, shit*, bitch',
  all: 'all, any, every, everything, whole, entire, each, anything, complete, both',
  pretext:
    "hypothetical*, fictional*, fiction, imagine, game, pretend, this is a test, drill, simulation, test, testing, audit, emergency, upgrade, for quality assurance, troubleshoot*, verification, verify, thought experiment, story, in a world, alternate universe, suppose, grandma*, grandmother*, educational purposes, academic, let's play, opposite, parallel",
  urgent:
    'must, always, important, critical, urgent*, immediately, at once, stop everything, attention, crucial, mandatory, essential, required to, have to, obey*, comply, will be, priority, warning',
  hidden:
    "hidden, invisible, secretly, metadata, do not mention, don't mention, do not tell, don't tell, without telling, conceal*, silently, quietly, white-text, covert*, discreetly, never mention, do not reveal, without informing",
  grade:
    'recommend*, candidate*, hire*, hiring, approve*, approved, rating, rate this, grade*, evaluat*, resume, reviewer*, score*, rank*, automated, screening, analysis software, parser*, summarizer, crawler*, agents, scanner*',
  own: 'my, mine, our, ours, i said, i told, i wrote, i gave, i sent',
};
