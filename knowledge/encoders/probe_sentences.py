"""Sentences on which an exported encoder is compared with the original: short and long, tidy and messy, with
numbers and names, in several languages and scripts."""

from __future__ import annotations

PROBE_SENTENCES: tuple[str, ...] = (
    "Hello!",
    "thx, that helped a lot",
    "ok",
    "?",
    "what",
    "Who are you and what can you do for me?",
    "is it safe 2 take both on the same day??",
    "my son is 4 and had a fever of 39.5 last night, what now",
    "does the jab mess w/ ur dna",
    "I heard that it causes infertility. Is that true?",
    "How long does protection last after the second dose?",
    "can i get it while breastfeeding",
    "Why do some people faint after an injection?",
    "no i meant the other one",
    "And for children under five?",
    "How do I open an account if I live abroad?",
    "The card was charged twice, 49.90 EUR each, on 3 March.",
    "lost my card pls block it asap!!!",
    "What is the difference between a debit card and a credit card?",
    "Interest is paid on the last working day of each quarter.",
    "When does the library close on public holidays?",
    "Can I hand in my thesis in English?",
    "The seminar room on the third floor has been moved to building C.",
    "Which documents do I need to register a newborn?",
    "where do i put old batteries and paint",
    "Parking permits for residents cost 30 a year and are valid in one zone only.",
    "The recipe asks for two eggs, a cup of flour, and a pinch of salt.",
    "Tomorrow will be cloudy with rain in the north and sunny spells along the coast.",
    "The train to the airport leaves every 15 minutes from platform 2.",
    "Our team lost the final by a single point.",
    "How do I reset the password of my router?",
    "def area(radius): return 3.14159 * radius ** 2",
    "Error 503: the service is not available, try again later.",
    "https://www.example.org/help?topic=billing&lang=en",
    "She said that she would never, under any circumstances, go back there.",
    "He did not say that it was safe.",
    "He said that it was not safe.",
    "This is wonderful news and I could not be happier.",
    "This is the worst service I have ever had.",
    "I feel very lonely and do not know whom to talk to.",
    "¿Dónde puedo encontrar más información sobre los efectos secundarios?",
    "Quels papiers faut-il pour demander une carte d'identité ?",
    "Wie lange dauert es, bis der Antrag bearbeitet ist?",
    "Qual è l'orario di apertura dell'ufficio?",
    "Можно ли прививаться при простуде?",
    "予約を変更したいのですが、どうすればいいですか。",
    "هل اللقاح آمن للحوامل؟",
    "क्या मैं ऑनलाइन भुगतान कर सकता हूँ?",
    "🙂👍 great, thanks!!! 🎉",
    "SHOUTING IN CAPITALS DOES NOT MAKE IT MORE TRUE",
    "supercalifragilistic pneumonoultramicroscopic words get split into many pieces",
    "a b c d e f g 1 2 3 4 5 6 7 8 9 10",
    "The immune system learns to recognise a germ from a harmless part of it. When the real germ "
    "arrives, the body already has antibodies and memory cells, so that it can react within hours "
    "instead of days.",
    "Common reactions are a sore arm, tiredness, and a headache. They begin within a day or two and "
    "pass on their own. Serious reactions are rare; you are asked to wait a quarter of an hour so that "
    "staff can help.",
    "A transfer inside the country arrives on the next working day. Transfers abroad take up to four "
    "days, and the receiving bank may charge a fee that we neither set nor see. You can follow each one "
    "in the app.",
    "Students who fall ill on the day of an exam must send a medical certificate within three working "
    "days. The exam is then not counted, and they are registered for the next date without applying "
    "again.",
    "Garden waste is collected every second week from March to November. Put it out before six in the "
    "morning in the brown bin or in paper sacks. Branches must be shorter than a metre and tied "
    "together with string.",
    "The old lighthouse stood at the end of the pier, and every evening the keeper climbed its ninety- "
    "two steps with a can of oil, a book, and a sandwich, and every evening he forgot one of the three.",
    "Water boils at 100 degrees Celsius at sea level, but at about 93 degrees in a town 2,000 metres "
    "up, because the air presses less. That is why pasta takes longer to cook in the mountains.",
    "In the study, 21,720 people got the product and 21,728 a placebo. Eight in the first group and 162 "
    "in the second fell ill, which corresponds to an efficacy of about 95 percent.",
    "To return a parcel, log in, choose the order, print the label, and bring the parcel to any shop "
    "with our sign. Money goes back to the account you paid from within 14 days after the parcel has "
    "arrived.",
    "Notice: the swimming pool is closed for repairs until further notice. Season tickets are extended "
    "by the time of the closure. The sauna and the gym stay open at the usual hours.",
    "A contract may be cancelled in writing up to one month before it ends. Otherwise it runs on "
    "without a fixed term, and either side may end it with one month's notice. A reason need not be "
    "given.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen. It happens in the "
    "green parts of plants, in algae, and in some bacteria, and nearly all life on Earth depends on it.",
)
