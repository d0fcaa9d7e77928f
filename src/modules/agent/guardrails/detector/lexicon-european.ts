import type { Lexicon } from './lexicon.js';

/** Without accents, as texts are compared without them. */
export const EUROPEAN: Readonly<Record<string, Lexicon>> = {
  german: {
    own: 'mein*, unser*',
    ignore:
      'ignorier*, vergiss*, vergess*, missacht*, ubergeh*, beachte nicht, nicht beacht*, uberschreib*, verwirf, losch*, setze zuruck, hor auf, lass alle',
    prior:
      'vorherig*, bisherig*, obig*, vorig*, fruher*, vorangegangen*, vorausgehend*, davor, zuvor, vorangehend*, ursprunglich*, oben, anfanglich*, vorstehend*',
    instructions:
      'anweisung*, instruktion*, regel, regeln, befehl*, vorgabe*, anordnung*, richtlinie*, aufforderung*, aufgabe*, auftrag*, auftrage, programmierung, vorschrift*, einschrankung*, hinweise',
    system: 'systemprompt*, systemnachricht*, systemanweisung*, system-prompt*, entwickler*',
    reveal:
      'zeig*, verrat*, gib mir, gib aus, nenne, wiederhol*, druck*, sag mir, offenbar*, teile mir, ubersetz*, ausgeben, liste, wie lautet, wie lauten, geben sie, enthull*, bestatig*, verraten',
    secret: 'passwort*, kennwort*, geheim*, schlussel, zugangscode*, zugangsdaten, losungswort',
    persona:
      'spiel die rolle, du bist nun, du bist jetzt, tu so, stell dir vor, ab jetzt, ab sofort, verhalte dich, stellen sie sich vor, agiere als, schlupf*, von nun an, du bist ein, fungier*, du bist journalist',
    unrestricted:
      'ohne einschrankung*, ohne regeln, ungefiltert*, unzensiert*, ohne filter, keine regeln, keine beschrankung*',
    mode: 'modus, wartungsmodus, entwicklermodus',
    say: 'sag*, antworte*, schreib*, beginne, druck*, gib aus, ausgabe',
    only: 'nur, genau, wortlich, wortwortlich, ausschliesslich, nichts anderes, lediglich',
    model: 'ki, kunstliche intelligenz, sprachmodell, assistent',
    private:
      'des benutzers, des nutzers, der benutzer, e-mail-adresse*, geburtsdatum*, wohnt, wohnort, personenbezogen*, adresse von, personliche daten, geburtstag',
    your: 'dein*, ihr, ihre, ihren, ihrer, dir, du, sie',
    not: 'nicht, kein*, niemals, ohne',
    new: 'neu*, stattdessen, jetzt, nun, folgend*, ab jetzt, konzentrier*',
    text: 'alles, nachricht*, informationen, text, satz*, kontext, gesprach, inhalt*',
    all: 'alle, allen, alles, jede*, samtlich*',
    authority: 'administrator*, entwickler*, ich bin dein, ich bin ihr, polizist*, polizeibeamt*',
    explain: 'erklar*, bedeut*, warum, wieso, wie kann, unterschied, beispiel*',
    pretext:
      'hypothetisch*, angenommen, nehmen wir an, fiktiv*, stellen wir uns vor, uberprufung, audit, sicherheitsprufung, spiel*',
    urgent: 'muss*, wichtig*, sofort, unbedingt, immer',
    harm: 'illegal*, bombe*, rassist*, hass*, hitler, drogen, waffen, beleidig*',
  },
  spanish: {
    own: 'mi, mis, nuestr*',
    ignore:
      'ignor*, olvid*, descart*, haz caso omiso, no hagas caso, omit*, desestim*, anul*, no sigas, pasa por alto',
    prior:
      'anterior*, previ*, arriba, precedente*, de antes, hasta ahora, inicial*, original*, que te dieron, que recibiste',
    instructions:
      'instruccion*, regla*, orden, ordenes, indicacion*, directriz, directrices, directiva*, tarea*, consigna*, mensaje del sistema, restriccion*, programacion, pautas',
    system: 'sistema, del sistema',
    reveal:
      'muestr*, muestra*, revel*, dime, dame, repit*, imprim*, escrib*, ensen*, comparti*, compart*, traduc*, cual es, cuales son, lista, confirma*, proporcion*, di',
    secret: 'contrasena*, clave*, secret*, codigo de acceso, token, credencial*',
    persona:
      'actua como, finge, eres ahora, ahora eres, imagina*, a partir de ahora, haz de cuenta, juega el papel, hazte pasar, supongamos, de ahora en adelante, eres un, simula',
    unrestricted: 'sin restriccion*, sin filtro*, sin censura, sin reglas, sin limites, ilimitad*',
    mode: 'modo, mantenimiento, activa el modo',
    say: 'di, responde, contesta, escribe, empieza, comienza, imprime',
    only: 'solo, unicamente, exactamente, textualmente, palabra por palabra, nada mas, literalmente',
    model: 'inteligencia artificial, ia, modelo de lenguaje, asistente',
    private:
      'del usuario, la usuaria, correo electronico, fecha de nacimiento, vive, domicilio, datos personales, residencia, direccion de',
    your: 'tu, tus, te, ti, su, sus, usted',
    not: 'no, nunca, sin, jamas',
    new: 'nuev*, ahora, en su lugar, en vez, siguiente*, en cambio, a continuacion',
    text: 'todo, mensaje*, texto, conversacion, contexto, lo que',
    all: 'todo, todos, todas, toda, cualquier*, cada',
    authority: 'administrador*, desarrollador*, soy tu, creador, policia, mantenedor',
    explain: 'explic*, significa*, por que, como puedo, como se, diferencia, ejemplo*',
    pretext: 'hipotetic*, supong*, ficticio*, auditoria, juego, prueba, actualizacion del sistema',
    urgent: 'debes, importante, urgente, inmediatamente, siempre, obligatori*, tienes que',
    harm: 'ilegal*, bomba*, odio, racista*, drogas, armas, hackear',
  },
  french: {
    own: 'mon, ma, mes, notre, nos',
    ignore:
      'ignor*, oubli*, ne tiens pas compte, ne tenez pas compte, neglig*, fais abstraction, faites abstraction, ne suis plus, annule*, fais fi, passe outre, laisse tomber, mets de cote',
    prior:
      "precedent*, anterieur*, ci-dessus, avant, plus haut, initial*, jusqu'a present, jusqu'ici, jusque-la, d'origine, recu*, d'avant",
    instructions:
      'instruction*, consigne*, regle*, ordre*, directive*, invite, tache*, commande*, restriction*, programmation, message systeme',
    system: 'systeme, prompt systeme',
    reveal:
      'montre*, revel*, affich*, dis-moi, dites-moi, donne-moi, donnez-moi, repet*, imprim*, tradui*, quel est, quelles sont, quels sont, partage*, ecri*, confirm*, indiqu*, communiqu*',
    secret: "mot de passe, mots de passe, secret*, code d'acces, cle, identifiants",
    persona:
      'fais comme si, fais semblant, tu es maintenant, vous etes maintenant, imagin*, joue le role, jouez le role, a partir de maintenant, desormais, agis comme, agissez comme, comporte-toi, supposons, tu es un',
    unrestricted: 'sans restriction*, sans filtre*, sans censure, sans regle*, sans limite*',
    mode: 'mode, mode maintenance, mode developpeur',
    say: 'dis, reponds, repondez, ecris, ecrivez, commence par, imprime',
    only: "seulement, uniquement, exactement, mot pour mot, mot a mot, rien d'autre, juste, textuellement",
    model: 'intelligence artificielle, modele de langage, assistant',
    private:
      "de l'utilisateur, adresse e-mail, date de naissance, habite, domicile, donnees personnelles, residence",
    your: 'ton, ta, tes, votre, vos, toi, tu, vous',
    not: 'pas, jamais, sans, ne',
    new: 'nouve*, maintenant, plutot, a la place, suivant*, ensuite',
    text: 'tout, message*, texte, conversation, contexte, contenu, ce qui',
    all: "tout, tous, toutes, toute, chaque, l'ensemble",
    authority: 'administrat*, developpeur*, je suis ton, je suis votre, createur, policier',
    explain: 'expliqu*, signifie, pourquoi, comment, difference, exemple*',
    pretext: 'hypothetique*, supposons, fictif*, audit, jeu, test, mise a jour du systeme',
    urgent: 'dois, devez, important*, urgent*, immediatement, toujours, imperativement',
    harm: 'illegal*, bombe*, haine, raciste*, drogue*, armes, pirater',
  },
  italian: {
    own: 'mio, mia, miei, mie, nostr*',
    ignore: 'ignor*, dimentic*, trascur*, non considerare, non tenere conto, scarta, lascia perdere, annulla',
    prior: 'precedent*, sopra, prima, iniziali, anterior*, finora, originali, ricevuto, ricevute',
    instructions:
      'istruzion*, regol*, ordin*, direttiv*, comand*, compit*, indicazion*, restrizion*, linee guida',
    system: 'sistema, di sistema',
    reveal:
      'mostra*, rivel*, dimmi, dammi, ripet*, stampa*, traduc*, qual e, quali sono, condivid*, scriv*, elenca, conferma*',
    secret: "password, parola d'ordine, segret*, codice di accesso, chiave, credenzial*",
    persona:
      "fai finta, fingi, sei ora, ora sei, immagin*, d'ora in poi, da ora in poi, agisci come, comportati come, interpreta, supponiamo, da adesso, sei un",
    unrestricted: 'senza restrizion*, senza filtr*, senza censur*, senza regole, senza limiti',
    mode: 'modalita, manutenzione',
    say: 'di, rispondi, scrivi, inizia, stampa',
    only: "solo, soltanto, esattamente, letteralmente, parola per parola, nient'altro",
    private: "dell'utente, data di nascita, indirizzo, vive, abita, dati personali, residenza",
    your: 'tuo, tua, tue, tuoi, ti, tu, suo, sua',
    not: 'non, mai, senza',
    new: 'nuov*, adesso, ora, invece, seguent*, al posto',
    text: 'tutto, messaggi*, testo, conversazione, contesto, cio che, quello che',
    all: 'tutto, tutte, tutti, tutta, ogni, qualsiasi',
    authority: 'amministrator*, sviluppator*, sono il tuo, creatore, polizia',
    explain: 'spieg*, significa, perche, come posso, come si, differenza, esempio',
    pretext: 'ipotetic*, supponiamo, audit, gioco, aggiornamento di sistema',
    urgent: 'devi, importante, urgente, subito, sempre',
  },
  portuguese: {
    own: 'meu, meus, minha*, noss*',
    ignore: 'ignor*, esquec*, desconsider*, nao siga, descart*, despreze, nao leve em conta, anul*',
    prior: 'anterior*, previ*, acima, antes, precedente*, ate agora, inicia*, originais, recebeu, recebid*',
    instructions:
      'instruc*, regra*, ordem, ordens, diretriz*, comando*, tarefa*, restric*, orientac*, programac*',
    system: 'sistema, do sistema',
    reveal:
      'mostr*, revel*, diga-me, me diga, me de, de-me, repit*, imprim*, traduz*, qual e, quais sao, compartilh*, escrev*, liste, confirm*, fornec*',
    secret: 'senha*, secret*, segredo*, codigo de acesso, chave, credenciais, palavra-passe',
    persona:
      'finja, aja como, voce e agora, agora voce, imagin*, a partir de agora, de agora em diante, faca de conta, interprete, suponha*, atue como, voce e um',
    unrestricted: 'sem restric*, sem filtro*, sem censura, sem regras, sem limites',
    mode: 'modo, manutencao',
    say: 'diga, responda, escreva, comece, imprima',
    only: 'apenas, somente, so, exatamente, literalmente, palavra por palavra, nada mais',
    private:
      'do usuario, da usuaria, data de nascimento, endereco, mora, vive, dados pessoais, residencia, aniversario',
    your: 'seu, sua, seus, suas, te, tu, teu, voce',
    not: 'nao, nunca, sem, jamais',
    new: 'nov*, agora, em vez, em vez disso, seguinte*, no lugar',
    text: 'tudo, mensage*, texto, conversa*, contexto, o que',
    all: 'tudo, todos, todas, toda, qualquer, cada',
    authority: 'administrador*, desenvolvedor*, sou seu, sou o seu, criador, policial',
    explain: 'expli*, significa, por que, porque, como posso, diferenca, exemplo*',
    pretext: 'hipotetic*, suponha*, auditoria, jogo, teste, atualizacao do sistema',
    urgent: 'deve, importante, urgente, imediatamente, sempre',
  },
  others: {
    own: 'mijn, onze, moj, moje, moich, saya, benim, cua toi, ko, aking, min, mina, мой, мое, мои, моих, моей, мою, наш*',
    ignore:
      'negeer*, vergeet, zignoruj, ignoruj*, zapomnij*, pomin*, abaikan, lupakan, unut*, yoksay*, yok say*, gormezden, goz ardi, bo qua, phot lo, quen, huwag pansinin, balewalain, kalimutan, ignorera, glom, ignorujte, zapomen*, felejts*, hagyd figyelmen, uita, ignora, игнорир*, проигнорир*, забудь*, забыть, не обращай*, не учитывай*, отмени*, ігнор*, забудьте, пренебре*, αγνοησ*, ξεχασ*',
    prior:
      'vorige, voorgaande, eerdere, bovenstaande, poprzedni*, wczesniejsz*, powyzsz*, sebelumnya, di atas, terdahulu, onceki, yukaridaki, daha once, truoc do, truoc, phia tren, ben tren, nakaraang, nauna*, naunang, sa itaas, foregaende, tidigare, ovan, predchozi*, korabbi, eddigi, anterioare, предыдущ*, прежн*, выше, вышеуказанн*, ранее, прошл*, попередн*, προηγουμεν*',
    instructions:
      'instructies, regels, opdracht*, polece*, instrukcj*, zasad*, rozkaz*, instruksi, perintah, aturan, petunjuk, arahan, talimat*, kural*, yonerge*, komut*, emir*, huong dan, chi dan, chi thi, quy tac, lenh, tagubilin, panuto, utos, instruktion*, regler, pokyny, instrukce, utasitas*, instructiuni*, инструкци*, указани*, правил*, команд*, приказ*, распоряжени*, задани*, инструкці*, вказівк*, οδηγι*',
    system: 'systeem*, systemow*, sistem*, he thong, sistema, системн*, систем*',
    reveal:
      'toon, laat zien, vertel, herhaal, pokaz*, ujawnij*, powtorz*, podaj*, wypisz*, tunjukkan, tampilkan, ungkapkan, ulangi, beritahu, beri tahu, berikan, bagikan, goster*, soyle*, acikla*, tekrarla*, paylas*, nedir, ver, hien thi, tiet lo, cho toi, lap lai, noi cho, cung cap, chia se, la gi, ipakita, sabihin, ibigay, ulitin, ibahagi, ano ang, visa, berätta, berata, upprepa, ukaz, zobraz, mutasd, покаж*, раскр*, скаж*, повтор*, выведи*, напечатай*, назов*, дай, дайте, поделит*, поделись, какой, каков*, сообщи*, предостав*, подтверди*, переведи*, распечатай*, δειξε, πες μου',
    secret:
      'wachtwoord*, geheim*, haslo, hasla, kata sandi, sandi, rahasia, sifre*, parola*, gizli, mat khau, bi mat, mat ma, khoa, losenord*, heslo, jelszo*, parola, парол*, секрет*, ключ*, код доступа, κωδικ*',
    persona:
      'doe alsof, je bent nu, stel je voor, vanaf nu, udawaj*, jestes teraz, wyobraz*, od teraz, berpura-pura, bayangkan, kamu sekarang, anda sekarang, mulai sekarang, bertindak sebagai, gibi davran, rol yap, hayal et*, artik sen, bundan sonra, sen artik, hay tuong tuong, hay dong vai, bay gio ban la, gia vo, tu bay gio, magpanggap, isipin, ikaw ay, mula ngayon, isipin natin, lat oss, forestall, tu jako, представь*, притворись*, веди себя, ты теперь, теперь ты, отныне, сыграй роль, с этого момента, действуй как, вообраз*, предположим',
    unrestricted:
      'zonder beperking*, bez ogranicz*, bez cenzury, tanpa batas*, tanpa sensor, tanpa aturan, sinirsiz, kisitlama*, sansursuz, khong gioi han, khong kiem duyet, walang limit*, walang paghihigpit, без ограничений, без цензуры, без фильтр*, без правил',
    mode: 'modus, tryb*, mod, modu, bakim modu, che do, lage, режим*',
    say: 'zeg, antwoord, schrijf, powiedz*, napisz*, odpowiedz*, katakan, jawab, tulis, yaz, yanit*, cevap*, de ki, noi, viet, tra loi, sabihin, isulat, sagutin, saga, skriv, svara, напиш*, ответь*, ответ*, выведи*',
    only: 'alleen, slechts, uitsluitend, tylko, wylacznie, doslownie, hanya, saja, kelimesi kelimesine, sadece, yalnizca, aynen, chi, duy nhat, nguyen van, lamang, endast, bara, только, дословно, исключительно, лишь, точно',
    private:
      'van de gebruiker, geboortedatum, woont, uzytkownik*, urodzenia, mieszka, pengguna, tanggal lahir, alamat email, tinggal di mana, kullanicinin, kullanici*, dogum, e-posta, yasiyor, yasadigi, nguoi dung, ngay sinh, dia chi email, song o dau, gumagamit, petsa ng kapanganakan, kaarawan, nakatira, пользовател*, дата рождения, дату рождения, адрес электронной, живет, проживает, проживания, личн*',
    your: 'je, jouw, uw, twoj*, twoje, ci, anda, kamu, mu, -mu, senin, sana, sizin, sen, size, ban, cua ban, iyong, mo, ka, din, dina, твой, твои, твоя, твоих, тебе, тебя, ваш*, вам, ты, вы',
    not: 'niet, geen, nie, bez, tidak, jangan, tanpa, degil, khong, dung, hindi, huwag, inte, не, ни, никогда, без',
    new: 'nieuw*, nu, nowe, nowy, teraz, zamiast, baru, sekarang, sebagai gantinya, yeni, simdi, bunun yerine, moi, bay gio, thay vao, bago, ngayon, sa halip, новы*, новое, теперь, сейчас, вместо, следующ*',
    text: 'alles, bericht, wszystko, wiadomos*, semua, pesan, percakapan, her sey*, mesaj*, metin, tat ca, tin nhan, noi dung, lahat, mensahe, все, всё, сообщени*, текст*, разговор*, контекст*',
    all: 'alle, wszystk*, semua, seluruh, tum, butun, tat ca, moi, lahat, alla, все, всех, всё, любы*, кажд*',
    authority:
      'beheerder, ontwikkelaar, jestem twoim, programist*, pengembang, admin*, gelistirici*, yonetici, polis, nha phat trien, quan tri, canh sat, developer mo, pulis, разработчик*, администратор*, создател*, полиц*, я твой, я ваш',
    explain:
      'uitleg*, betekent, waarom, wyjasnij*, wytlumacz*, znaczy, dlaczego, jelaskan, kenapa, mengapa, bagaimana cara, acikla*, neden, nasil, anlam*, giai thich, tai sao, lam the nao, ipaliwanag, bakit, paano, объясн*, почему, зачем, как мне, что значит, означает',
    pretext:
      'hipotetyczn*, zalozmy, hipotetis, audit, denetim*, varsayalim, varsayimsal, gia su, kiem toan, kunwari, ipagpalagay, гипотетич*, предположим, аудит*, проверк*, игра, обновлени*',
    urgent:
      'moet, belangrijk, musisz, wazne, pilne, harus, penting, segera, zorunda*, onemli, acil, phai, quan trong, khan cap, dapat, mahalaga, должен, должны, важно, срочно, немедленно, обязательно',
  },
};
