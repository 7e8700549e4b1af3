"""Small words of the languages Handbill reads best, as data for `words.py`.

FUNCTION are space-separated words; DANGLING, CONTRAST, JOINING, SPEECH, FIRST_PERSON, FIRST_PLURAL and SECOND_PERSON are
alternatives of a regular expression; TITLES and NUMBERING are abbreviations without their full stop ("" = every language).
"""

FUNCTION: dict[str, str] = {
    "en": """a about after again against all also am an and any are as at be because been before being below between both
 but by can could did do does doing down during each even every few for from further had has have having he her here hers
 him his how however i if in into is it its itself just last like made many may me might more most much must my never new
 no nor not now of off on once one only or other our out over own per said same say says she should since so some still
 such than that the their them then there these they this those three through to today too two under until up upon us very
 was we were what when where which while who whom whose why will with within without would yes yet you your""",
    "de": """aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bereits bis da dabei
 dafür damit danach dann daran darauf das dass dem den denn der des dessen deren die dies diese diesem diesen dieser dieses
 doch dort du durch ein eine einem einen einer eines er es etwa etwas euch für gegen gibt habe haben hat hatte hatten hier
 hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jede jedem jeder jedes jedoch kann kein keine
 keinen können könnte man mehr mein mit muss müssen nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem
 seinen seiner seit sich sie sind so sogar soll sollen sollte sondern sowie über um und uns unser unsere unter vom von vor
 war waren warum was weil weiter welche wenn wer werde werden wie wieder will wir wird wo wurde wurden während zu zum zur
 zwar zwei zwischen sagt sagte""",
    "fr": """à a ai ainsi alors après au aucun aussi autre autres aux avait avant avec avoir c car ce ceci cela celle celles
 celui ces cet cette ceux chaque chez comme comment d dans de depuis des deux donc dont du elle elles en encore entre est
 et étaient était été être eu fait faut il ils j je jusqu l la le les leur leurs lors lui m ma mais me même mes moins mon n
 ne ni nos notre nous on ont ou où par parce pas pendant peu peut plus pour pourquoi qu quand que quel quelle quels qui
 quoi s sa sans se sera ses si son sont sous sur t ta tandis te tes ton tous tout toute toutes très trop tu un une vers vos
 votre vous y dit""",
    "es": """a al algo algunos ante antes aquel aquella así aún aunque cada como cómo con contra cual cuál cuando cuándo de
 del desde después donde dónde dos durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está
 están estas este esto estos fue fueron ha había han has hasta hay he hoy la las le les lo los más me mi mientras mucho muy
 nada ni no nos nosotros nuestra nuestro o os otra otras otro otros para pero poco por porque pues que qué quien quién se
 sea según ser será si sí sido sin sino sobre son su sus también tan tanto te tiene tienen toda todas todo todos tras tu un
 una uno unos ya y yo dijo""",
    "it": """a ad ai al alla alle allo anche ancora c che chi ci come con contro cosa così cui da dal dalla dalle dallo dei
 del della delle dello di dopo dove due e è ed era erano fa fino fra fu gli ha hanno ho i il in io l la le lei li lo loro
 lui ma mentre mi molto ne nei nel nella nelle nello noi non nostra nostro o ogni per perché più poi prima quale quando
 quanto quella quelle quelli quello questa queste questi questo qui se sei senza si sia sono sopra sotto stata stati stato
 su sua sue sugli sui sul sulla suo suoi tra tutti tutto un una uno vi voi""",
    "pt": """a ainda além ao aos antes após aquela aquele as assim até cada com como contra da das de dela dele depois desde
 do dois dos duas durante e é ela elas ele eles em entre era eram essa esse esta está estão este eu foi foram há isso isto
 já lhe mais mas me mesmo meu minha muito na nas não nem no nos nós nossa nosso num numa o onde os ou outra outro para pela
 pelas pelo pelos por porque quais qual quando que quem se seja sem ser será seu seus só sob sobre sua suas também tem têm
 ter toda todas todo todos um uma você""",
    "nl": """aan al alle als altijd andere ben bij daar dan dat de der deze die dit door doch dus een en er ge geen geweest
 haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon kunnen maar me meer men met mij mijn
 moet na naar niet niets nog nu of om omdat onder ons onze ook op over reeds sinds te tegen toch toen tot tussen u uit van
 veel voor want waren was wat we werd wezen wie wij wil worden wordt zal ze zei zelf zich zij zijn zo zonder zou""",
    "da": """af alle andet at blev bliver da de dem den denne der deres det dette dig din disse du efter eller en end er et
 for fra før ham han har havde hende her hos hun hvad hvem hvis hvor hvordan i ikke ind ja jeg jo kan kunne man mange med
 men mig min mod ned noget nogle nu når og også om op os over på selv sig sin skal skulle som til ud under var ved vi vil
 ville være været""",
    "sv": """alla allt att av blev bli blir de dem den denna deras dess det detta dig din du där efter ej eller en er ett
 från för ha hade han har henne hennes hon honom hur här i icke in inte jag kan kunde man med mellan men mig min mot mycket
 ni nu när något några och om oss på samma sedan sig sin ska skulle som så till under upp ut utan vad var vara varför vem vi
 vid vår är än över""",
    "ru": """а без более больше будет будут бы был была были было быть в вам вас весь во вот все всего всех всю вы где да
 даже два для до его ее её если есть еще ещё же за здесь и из или им их к как какой когда кто ли либо между меня мне много
 может можно мой мы на над надо нам нас не него нее неё нет ни них но ну о об один он она они оно от очень по под после
 потом потому почему при про раз с сам свой своих себя сейчас сказал сказала со так такой также там тем то тогда того тоже
 только том тот три ту ты у уже хотя чего чем через что чтобы эта эти это этого этой этом этот я""",
    "ar": """في من على إلى الى عن مع أن ان إن أو او ثم قد لقد كان كانت كانوا يكون تكون هو هي هم هذا هذه ذلك تلك الذي التي
 الذين ما لا لم لن ليس ليست كل بعض بين بعد قبل عند حتى منذ أي اي كما لكن ولكن و ف ب ل حيث إذا اذا قال قالت وقال وقالت أيضا
 ايضا غير سوى خلال حول ضد نحو عبر أمام وهو وهي وهم فيها فيه منها منه عليها عليه لها له لهم به بها إنه إنها أنه أنها وقد""",
    "fa": """و در به از که این آن را با برای است بود شد شده می نمی هم یا تا بر هر اما ولی اگر نیز چه چرا همه هیچ یک دو
 سه او وی ما شما آنها آن‌ها من تو خود باید شود کند کرد کرده دارد داشت داشته باشد بودند هستند نیست بین پس پیش بعد قبل
 روی زیر دیگر چند همین همان گفت گفته های ها ای اند ام""",
    "tr": """acaba ama ancak bana bazı belki ben beni benim bir biri biz bu bunlar bunu çok çünkü da daha de defa diye en
 gibi hem hep her hiç için ile ise kez ki kim mı mi mu mü nasıl ne neden nerede o olan olarak oldu ona onlar onu sanki sen
 siz şey şu tüm ve veya ya yani dedi""",
    "pl": """a aby ale ani bardzo bez bo by być był była było były co czy dla do gdy gdzie go i ich ile im inny ja jak jako
 je jego jej jest już kiedy kto która które który lub ma mi może na nad nawet nie niej nim o od on ona one oni oraz po pod
 przed przez przy się są ta tak także tam te tego tej ten to tu tutaj tylko tym u w we więc wszystko z za ze że""",
    "hi": """और का की के को में से पर ने है हैं था थी थे हो यह वह ये वे इस उस इन उन जो कि तो भी ही नहीं एक अपने अपना अपनी लिए साथ
 तक अब जब तब या कर करने किया गया गई गए बाद हर उसके उनके इसके कुछ बहुत रहा रही रहे होता होती कहा बताया सकते""",
    "ko": """그 이 저 것 수 및 또 더 등 때 중 위해 대해 통해 따라 있다 있는 없는 한다 했다 말했다 그러나""",
}

#: Words that open a sentence and take back, or narrow, what the one before it said.
CONTRAST: dict[str, str] = {
    "en": "but|however|not so|yet|still|though|nevertheless|nonetheless|instead|except|even so|that said"
    "|on the other hand"
    "|on the contrary|then again|unfortunately|only later|or so",
    "de": "aber|doch|jedoch|dennoch|trotzdem|allerdings|gleichwohl|hingegen|dagegen|stattdessen|sondern|leider"
    "|nur dass",
    "fr": "mais|cependant|toutefois|pourtant|néanmoins|or|en revanche|au contraire|malheureusement|sauf que"
    "|ce n[’']est pas",
    "es": "pero|sin embargo|no obstante|aunque|en cambio|por el contrario|sino|ahora bien|aun así",
    "it": "ma|però|tuttavia|eppure|invece|al contrario|purtroppo|ciononostante",
    "pt": "mas|porém|contudo|todavia|no entanto|entretanto|pelo contrário|infelizmente",
    "nl": "maar|echter|toch|daarentegen|helaas|niettemin|desondanks",
    "da": "men|dog|alligevel|derimod",
    "sv": "men|dock|ändå|däremot",
    "ru": "но|однако|зато|впрочем|тем не менее|напротив|к сожалению|а вот|хотя",
    "ar": "لكن|ولكن|لكنه|لكنها|ولكنه|ولكنها|غير أن|إلا أن|بيد أن|ومع ذلك|مع ذلك|في المقابل|وبالرغم",
    "fa": "اما|ولی|لیکن|با این حال|با این همه|در عین حال|با وجود این|برعکس|در مقابل|متأسفانه",
    "zh": "但是|但|然而|不过|可是|却|反之|相反|遗憾的是|但是|不過|卻",
    "ja": "しかし|だが|ただし|けれども|でも|ところが|とはいえ|一方で|それでも",
    "tr": "ama|fakat|ancak|yine de|oysa",
    "pl": "ale|jednak|lecz|mimo to|natomiast",
    "hi": "लेकिन|मगर|परंतु|परन्तु|किंतु|किन्तु|हालांकि|हालाँकि|फिर भी|इसके बावजूद",
    "ko": "그러나|하지만|그런데|다만|반면|그럼에도|그렇지만",
}

#: Other openings that point back: pronouns without their noun, and words that go on from somewhere.
DANGLING: dict[str, str] = {
    "en": r"(?:in|at|on|for|from|with|by|to|of) (?:this|these|those) (?!(?:year|week|month|morning|afternoon|evening"
    r"|spring|summer"
    r"|autumn|fall|winter|season|time|country|day)s?\b)|he|she|it|they|him|them|his|hers|her|its|their|theirs"
    r"|(?:this|these) (?!(?:year|week|month|morning|afternoon|evening|spring|summer|autumn|winter|season|time)\b)"
    r"|(?:this|these|that|those)(?=['’,])|that (?:is|was|has|had|will|would|means|meant|makes|made|came|leaves"
    r"|left)|those"
    r"|so|and|or|nor|also|then|thus|hence|therefore|moreover|furthermore|besides|additionally|similarly|likewise"
    r"|meanwhile"
    r"|otherwise|consequently|accordingly|afterwards|later|too|both|another|others?|such|here|there,|the latter"
    r"|the former"
    r"|the (?:two|three|four)|in addition|in short|as a result|for example|for instance|for this reason"
    r"|because of (?:this|that)"
    r"|in other words|by then|at that (?:time|point)|after that|before that|since then|until then|even then|neither"
    r"|either"
    r"|what is more|more than that|one of them|some of them|most of them|all of them|which|who|yes|no,",
    "de": r"(?:in|an|auf|bei|mit|aus|von|zu|für|um|seit) diese[mnrs]? (?!(?:jahr|woche|monat|morgen|abend|nacht|sommer"
    r"|winter|herbst"
    r"|frühjahr|frühling|tage?n?)\p{L}*\b)|er|sie|es (?!gibt|gab|war einmal)|ihm|ihn|ihnen|ihre?[rmns]?"
    r"|sein(?:e[rmns]?)?|dies|diese[rmns]?"
    r"|d(?:as|er|ie) (?:ist|sind|war|waren|hat|haben|hatte|hatten|wird|werden|wurde|wurden|kann|können|konnte|soll"
    r"|sollen|will"
    r"|heißt|bedeutet|gilt|zeigt|macht|geht|liegt|kommt|sei|bleibt|führt|reicht|passt|kostet|gibt|freut|lässt"
    r"|könnte|müsse"
    r"|muss|dürfte|stimmt|betrifft|sagt|sagte)|d(?:as|er|ie),"
    r"|und|oder|auch|dann|danach|daher|deshalb|deswegen|darum|dafür|dabei|dazu|damit|davon|daran|darauf|darin"
    r"|dadurch|daneben"
    r"|außerdem|zudem|ferner|ebenso|so|also|somit|folglich|denn|später|inzwischen|seitdem|seither|zuvor|beide"
    r"|beispielsweise"
    r"|ja|nein|zum beispiel|dort|da|hier|solche[rmns]?|letztere[rmns]?|jene[rmns]?|sonst|andernfalls|weitere|andere"
    r"|ein anderer",
    "fr": r"(?:dans|à|sur|avec|pour|de) (?:ce|cet|cette|ces) (?!(?:matin|soir|mois|printemps|été|automne|hiver|année"
    r"|semaine|jour"
    r"|nuit|époque|temps)s?\b)|il (?!y a|faut|fait|pleut|neige)|ils|elles?|lui|leurs?|eux|celui-ci|celle-ci|ceux-ci"
    r"|celui|celle|ceux"
    r"|cela|ça|ceci"
    r"|ce (?!(?:matin|soir|mois|printemps|week|samedi|dimanche|lundi|mardi|mercredi|jeudi|vendredi|jour)\b)"
    r"|c[’']|cet (?!(?:été|automne|hiver|après)\b)|cette (?!(?:année|semaine|saison|nuit|fois)\b)"
    r"|ces (?!(?:jours|semaines|mois|années)\b)|et|ou|ni|puis|ensuite|alors|ainsi|donc|aussi|de plus|en outre"
    r"|par ailleurs"
    r"|par exemple|de même|en effet|enfin|d[’']ailleurs|autrement|tous deux|son|sa|ses|dès lors|depuis lors|là"
    r"|voilà|oui|non",
    "es": r"(?:en|con|para|por|de) (?:est[ea]|est[oa]s|es[ea]) (?!(?:año|mes|semana|mañana|tarde|noche|verano|invierno|otoño"
    r"|primavera|día|época)s?\b)|él|ellas?|ellos|le|les|lo|eso|esto|aquello|"
    r"est[ea] (?!(?:año|mes|semana|mañana|tarde|noche|verano|invierno|otoño|primavera|lunes|martes|sábado|domingo)\b)"
    r"|est[oa]s (?!(?:días|semanas|meses|años)\b)|es[ea]s?|esos|así|además|también|entonces|luego|después|por eso"
    r"|por tanto|por lo tanto|por ejemplo|y|e|o|ni|es decir|asimismo|de hecho|ambos|ambas|sus?|allí|ahí|tampoco"
    r"|sí|no,",
    "it": r"egli|lui|lei|essi|esse|loro|ciò|questo|questi|queste|questa (?!(?:mattina|sera|settimana|estate"
    r"|notte)\b)|quello|quella"
    r"|quelli|quelle|e|o|né|inoltre|anche|poi|quindi|dunque|perciò|così|infatti|ad esempio|per esempio|infine"
    r"|entrambi|lì|qui",
    "pt": r"eles?|elas?|isso|isto|aquilo|ess[ea]s?|est[ea] (?!(?:ano|mês|semana|manhã|tarde|noite)\b)|e|ou|nem"
    r"|além disso|também"
    r"|então|depois|portanto|assim|por exemplo|por isso|ambos|ambas|seus?|suas?|lá|aí|ali|logo",
    "nl": r"hij|zij|ze|het is|het was|dat|dit|deze|die|en|of|ook|dan|daarna|daarom|dus|bovendien|verder|zo"
    r"|bijvoorbeeld|beide"
    r"|hun|haar|zijn|daar|hier|daarmee|daardoor|inmiddels",
    "da": r"han|hun|de|den|det|dette|disse|og|eller|også|så|derefter|derfor|desuden|her|der|begge|deres|hans|hendes",
    "sv": r"han|hon|de|den|det|detta|dessa|och|eller|också|så|därefter|därför|dessutom|här|där|båda|deras|hans|hennes",
    "ru": r"(?:в|во|на|с|о|об|к|для) эт(?:ом|ой|их|им|ого|у) (?!год|недел|месяц|сезон|день|дня|ноч|лет|зим|весн|осен)"
    r"|он|она|они|оно|его|её|ее|их|ему|ей|им|это|этот|эта|эти|этого|этой|этому|тот|та|те|того|такой|такая"
    r"|такие|и|или|а"
    r"|да,|нет,|также|кроме того|поэтому|затем|потом|тогда|там|здесь|так|например|при этом|таким образом|следовательно|оба"
    r"|обе|к тому же"
    r"|иначе|помимо этого|в то же время|ведь|тоже",
    "ar": r"و(?:قال|قالت|قالوا|يقول|تقول|ذكر|ذكرت|أعلن|أعلنت|صرح|صرحت|سأل|سألت|كتب|كتبت|روى|روت|حكى|حكت|علق|علقت|رد|ردت|أجاب"
    r"|أجابت|في هذ[اه]|بهذ[اه])|في هذ(?:ا|ه) (?!العام|السنة|الأسبوع|الشهر|اليوم|المساء|الصباح|الصيف|الشتاء|الربيع|الخريف|الوقت)"
    r"|هو|هي|هم|وهو|وهي|وهم|هذا|هذه|هؤلاء|ذلك|تلك|وهذا|وهذه|وذلك|وتلك|كما|أيضا|أيضاً|كذلك|وكذلك|لذلك|ولذلك|لذا"
    r"|ثم|وأضاف|وأضافت"
    r"|وتابع|وتابعت|وأوضح|وأوضحت|وأكد|وأكدت|وأشار|وأشارت|ومن جهة أخرى|من جهته|من جانبه|ومن ثم|وبذلك|وهكذا|فهو|فهي"
    r"|وكان|وكانت|بالتالي"
    r"|وبالتالي|إضافة إلى ذلك|بالإضافة إلى ذلك|على سبيل المثال|هناك|وهناك|بعد ذلك|وبعد ذلك|وقد|إنه|إنها|وإنه",
    "fa": r"(?:در|به|با|از|برای) (?:این|آن) (?!سال|هفته|ماه|روز|شب|صبح|عصر|تابستان|زمستان|بهار|پاییز)"
    r"|او|وی|آنها|آن‌ها|آنان|ایشان|این|آن|همین|همان|چنین|همچنین|سپس|بنابراین|به همین دلیل|از سوی دیگر"
    r"|از این رو|در نتیجه|و"
    r"|یا|پس|نیز|به علاوه|علاوه بر این|برای مثال|به عنوان مثال|بعد از آن|پس از آن|در این میان|در همین حال|آنجا"
    r"|اینجا|هر دو",
    "zh": "他们|她们|它们|他(?!国)|她|它|这|那|此外|此后|因此|所以|而且|并且|于是|然后|随后|另外|例如|比如|同时"
    "|其中|其|同样|总之|也就是说"
    "|接着|两者|前者|后者|以及|和|或|還有|還|還是|這|他們|她們|於是|然後|隨後|此(?!次)",
    "ja": "彼|これ|それ|あれ|この|その|あの|こうした|そうした|こう|そう|また|さらに|そして|だから|したがって|従って"
    "|そのため|このため|同(?=[館社氏校市者])"
    "|一方|例えば|たとえば|なお|つまり|すると|その後|ここ|そこ|両者|後者|前者|それから|ほかに|他に|加えて",
    "tr": r"o|bu|şu|onlar|bunlar|ve|veya|ayrıca|sonra|böylece|bu nedenle|örneğin|aynı zamanda|ikisi",
    "pl": r"on|ona|ono|oni|one|to|ten|ta|te|ci|i|lub|także|też|również|potem|następnie|dlatego|więc|ponadto"
    r"|na przykład|tam|tutaj|tak,|nie,",
    "hi": r"वह|वे|यह|ये|उन्होंने|उन्हें|उसने|उसे|उसका|उसकी|उसके|उनका|उनकी|उनके|इसने|इसे|इसका|इसकी|इसके|इन्हें|और|या|तब"
    r"|फिर|इसलिए|साथ ही"
    r"|वहाँ|वहां|यहाँ|यहां|दोनों|ऐसे|ऐसा|हाँ|जी",
    "ko": r"그는|그녀는|그들은|그의|그가|이는|이에|이를|이로써|이들은|이어|또|또한|그리고|따라서|그래서|그러므로"
    r"|한편|그곳에|거기|여기|네,|아니요",
}

#: Words by which a text says that somebody speaks or writes.
SPEECH: dict[str, str] = {
    "en": "said|says|say|told|tells|asked|asks|added|adds|explained|explains|wrote|writes|according to|recalled"
    "|recalls|argued"
    "|argues|insisted|warned|warns|announced|replied|noted|notes|remembered|remembers|promised|called|calls"
    "|stressed|joked"
    "|concluded|suggested|admitted|confirmed|declared|commented|believes|thinks",
    "de": "sagt|sagte|sagten|erklärt|erklärte|erklärten|betont|betonte|fragt|fragte|meint|meinte|berichtet"
    "|berichtete|ergänzt"
    "|ergänzte|erzählt|erzählte|schreibt|schrieb|so|laut|warnt|warnte|verspricht|versprach|kündigte|erinnert sich"
    "|findet|freut"
    " sich|lobte|antwortete|rief|fügte|hofft|nach angaben",
    "fr": "dit|dit-il|dit-elle|disent|a dit|(?:a|ont) (?:raconté|demandé|répondu|écrit|rappelé|souligné|assuré|affirmé"
    "|estimé|lancé"
    r"|confié|promis|résumé|annoncé|conclu|indiqué)|raconte-t-(?:il|elle)|affirme|explique|a expliqué|déclare|a déclaré"
    r"|ajoute|a ajouté|raconte"
    "|selon|souligne"
    "|précise|a précisé|confie|demande|répond|estime|assure|rappelle|se souvient|écrit|résume|promet|s[’']exclame"
    "|lance",
    "es": "dijo|dice|dicen|afirmó|afirma|explicó|explica|señaló|señala|según|añadió|añade|declaró|preguntó|pregunta"
    "|respondió"
    "|aseguró|recuerda|recordó|contó|cuenta|escribió|destacó|subrayó|comentó|comenta",
    "it": "ha detto|disse|dice|dicono|spiega|ha spiegato|afferma|ha affermato|secondo|aggiunge|ha aggiunto|racconta"
    "|chiede|scrive"
    "|ricorda|sottolinea|dichiara|ha dichiarato|risponde",
    "pt": "disse|diz|afirmou|afirma|explicou|explica|segundo|acrescentou|declarou|perguntou|respondeu|contou|conta"
    "|escreveu"
    "|lembra|destacou",
    "nl": "zei|zegt|zeggen|aldus|volgens|vertelt|vertelde|legt uit|legde|vraagt|vroeg|schrijft|schreef|antwoordde"
    "|voegt|benadrukt",
    "da": "sagde|siger|ifølge|forklarer|forklarede|fortæller|fortalte|spørger|spurgte|skriver|skrev|tilføjer|tilføjede",
    "sv": "sa|sade|säger|enligt|förklarar|förklarade|berättar|berättade|frågar|frågade|skriver|skrev|tillägger",
    "ru": "сказал[аи]?|говорит|говорят|заявил[аи]?|отметил[аи]?|рассказал[аи]?|рассказывает|добавил[аи]?"
    "|пояснил[аи]?|объяснил[аи]?"
    "|объясняет|по словам|спросил[аи]?|ответил[аи]?|подчеркнул[аи]?|написал[аи]?|считает|вспоминает|сообщил[аи]?"
    "|пообещал[аи]?",
    "ar": "و?قال|و?قالت|و?يقول|و?تقول|و?أضاف|و?أضافت|و?أوضح|و?أوضحت|و?صرح|و?صرحت|و?أكد|و?أكدت|و?ذكر|و?ذكرت|و?أعلن"
    "|و?أعلنت|وفقا لـ?"
    "|بحسب|و?سأل|و?كتب|و?كتبت|و?أشار|و?أشارت|و?تابع",
    "fa": "گفت|گفته است|گفته|گفتند|می‌گوید|می گوید|گوید|افزود|اظهار کرد|اظهار داشت|تأکید کرد|تاکید کرد|بیان کرد"
    "|توضیح داد|نوشت"
    "|پرسید|پاسخ داد|به گفته|به گفتهٔ|اعلام کرد|یادآور شد|خاطرنشان کرد|معتقد است",
    "zh": "说道|说|表示|指出|认为|介绍|强调|问道|问|回答|写道|回忆|告诉|解释|宣布|補充|补充|坦言|透露|說道|說|認為"
    "|介紹|強調|告訴|解釋",
    "ja": "書かれて|書いて|話した|話す|述べた|述べる|語った|語る|語り|言った|言う|説明した|説明する|強調した|答えた|尋ねた"
    "|呼びかけた|と話し|と述べ|と説明|と強調"
    "|と聞いた|と尋ねた|と答えた"
    "|と振り返る|と笑う|によると|と書いた|とコメント",
    "tr": "dedi|diyor|söyledi|söylüyor|belirtti|açıkladı|ekledi|göre|anlattı|sordu|yazdı",
    "pl": "powiedział|powiedziała|mówi|dodał|dodała|wyjaśnił|wyjaśniła|według|zapytał|zapytała|napisał|napisała"
    "|podkreślił|twierdzi",
    "hi": "कहा|कहते|कहती|कहता|बताया|बताते|बताती|पूछा|लिखा|जोड़ा|के अनुसार|के मुताबिक",
    "ko": "말했다|말한다|밝혔다|전했다|설명했다|덧붙였다|강조했다|물었다|답했다|썼다|라고|고 했다",
}

#: Words that follow a speaker's name and say when or how they spoke; in every language.
ADVERBS = (
    r"once|twice|again|later|then|today|yesterday|recently|earlier|afterwards|now|also|this week|last (?:week|night|year)"
    r"|\p{L}{3,}ly"
    r"|einmal|einst|gestern|heute|jetzt|später|dann|danach|kürzlich|jüngst|zuletzt|damals|dazu|lachend|stolz"
    r"|hier|aujourd[’']hui|ensuite|récemment|un jour|plus tard|alors|ayer|hoy|luego|después|recientemente|una vez|entonces"
    r"|ieri|oggi|poi|una volta|ontem|hoje|depois|gisteren|vandaag|later|ooit|вчера|сегодня|однажды|позже|потом|недавно"
    r"|أمس|اليوم|لاحقا|مرة|دیروز|امروز|بعدها|یک بار"
)

#: Words by which a text speaks of one person who is its author, or answers questions.
FIRST_PERSON: dict[str, str] = {
    "en": "I|my|me|mine|myself",
    "de": "ich|mir|mich|meine?[rmns]?",
    "fr": r"je|mon|ma|mes|moi|me|[jm][’']\p{L}+",
    "es": "yo|mi|mis|me|conmigo",
    "it": "io|mio|mia|miei|mie|mi|me",
    "pt": "eu|meus?|minhas?|me|mim|comigo",
    "nl": "ik|mij|mijn|me",
    "da": "jeg|mig|min|mit|mine",
    "sv": "jag|mig|min|mitt|mina",
    "ru": "я|мне|меня|мной|мой|моя|моё|мое|мои|моего|моей|моих",
    "ar": "أنا|إنني|إني|لي|عندي|أنني",
    "fa": "من|مرا|خودم",
    "tr": "ben|beni|bana|benim|bende",
    "pl": "ja|mnie|mi|mój|moja|moje|mną",
    "hi": "मैं|मैंने|मुझे|मेरा|मेरी|मेरे|मुझसे",
    "ko": "나는|내가|저는|제가|나의|내|제",
    "zh": "我(?!们|們|国|國|市|镇|鎮|校|馆|館|省|县|縣)",
    "ja": "私(?!立|有|営|鉄|設|道)|僕|俺",
}

#: Words, and endings of verbs, by which several people speak of themselves.
FIRST_PLURAL: dict[str, str] = {
    "en": "we|our|ours|us|ourselves",
    "de": "wir|uns|unsere?[rmns]?",
    "fr": "nous|notre|nos",
    "es": r"nosotr[oa]s|nuestr[oa]s?|nos|\p{L}{2,}[aei]mos",
    "it": r"noi|nostr[oaie]|ci|\p{L}{2,}iamo",
    "pt": r"nós|noss[oa]s?|nos|\p{L}{2,}[aei]mos",
    "nl": "wij|we|ons|onze",
    "da": "vi|os|vores",
    "sv": "vi|oss|vår|vårt|våra",
    "ru": r"мы|нас|нам|нами|наш\p{L}*|\p{L}{3,}(?:ем|им|ём)",
    "ar": r"نحن|إننا|أننا|لدينا|عندنا|لنا|\p{Arabic}{3,}نا",
    "fa": r"ما|خودمان|\p{Arabic}+مان|(?:می‌|نمی‌)\p{Arabic}+یم|کردیم|داریم|هستیم|شدیم|بودیم|خواهیم|دادیم|گرفتیم|دیدیم"
    r"|\p{Arabic}+ایم",
    "tr": r"biz|bize|bizi|bizim|\p{L}{2,}(?:[dt][ıiuü]k|[ıiuü]yoruz|m[ıiuü]ş[ıiuü]z)",
    "pl": r"my|nas|nam|nasz\p{L}*|\p{L}{2,}(?:liśmy|łyśmy|amy|emy|imy|ymy)",
    "hi": "हम|हमने|हमें|हमारा|हमारी|हमारे|हमसे",
    "ko": "우리|우리는|우리가|저희|저희는",
    "zh": "我们|我們|咱们",
    "ja": "私たち|わたしたち|僕たち|我々|うちの",
}

#: Words, and endings of verbs, by which somebody is spoken to.
SECOND_PERSON: dict[str, str] = {
    "en": "you|your|yours|yourself",
    "de": "(?-i:Sie|Ihnen|Ihre?[rmns]?)|du|dich|dir|deine?[rmns]?|ihr|euch|eure?[rmns]?",
    "fr": "vous|votre|vos|tu|te|ton|ta|tes",
    "es": r"usted(?:es)?|tú|te|tu|tus|su|sus|vosotr[oa]s|\p{L}{3,}(?:aste|iste|asteis|isteis)",
    "it": "lei|voi|tu|vostr[oaie]|tuo|tua|suo|sua",
    "pt": "você|vocês|seu|sua|seus|suas|te|teu|tua",
    "nl": "u|uw|jij|je|jou|jouw|jullie",
    "da": "du|dig|din|dit|dine|jer|jeres",
    "sv": "du|dig|din|ditt|dina|ni|er|ert|era",
    "ru": r"вы|вас|вам|вами|ваш\p{L}*|ты|тебя|тебе|тво\p{L}+|\p{L}{3,}(?:ете|ите)",
    "ar": r"أنت|أنتم|لديك|عندك|لك|\p{Arabic}{3,}(?:تم|كم|ك)",
    "fa": "شما|شماها|تو|خودتان|کردید|دارید|هستید|شدید|بودید|می‌کنید|دیدید",
    "tr": r"siz|size|sizi|sizin|sen|seni|senin|\p{L}{2,}(?:[ıiuü]n[ıiuü]z|s[ıiuü]n[ıiuü]z)",
    "pl": "pan|pani|pana|panu|państwo|państwa|ty|ciebie|cię|twój|twoja",
    "hi": "आप|आपने|आपको|आपका|आपकी|आपके|तुम",
    "ko": "당신|여러분|선생님|하셨|하시|십니까|세요|나요",
    "zh": "你|您|你们|您们|你們",
    "ja": "あなた|皆さん|ですか|ますか|でしたか|ましたか",
}

#: Beginnings that tie a sentence to the one before by an "and" without which it would stand alone.
JOINING: dict[str, str] = {
    "ar": r"و(?!(?:زير|زار|زراء|صول|صل|فد|فود|قع|قوع|قت|قف|جد|جود|جه|جبة|كال|كيل|سط|سائل|سيل|احد|ادي|الد|لاي|لد|لادة|فا"
    r"|في|ضع|ضوح|ثيق|ثائق"
    r"|رش|رق|رد|رث|حد|حيد|طن|طني|عد|عي|ظيف|ظائف|رود|هم|داع|دائع|ديع|ليم|زع|زن|سام|شيك|صف|افق|اجه|اصل|اقع|ابل|ات"
    r"|رقة))[\p{Arabic}\p{M}]{2,}",
}

#: Abbreviations that never end a sentence, since a name follows.
TITLES: dict[str, str] = {
    "": "Dr Prof St Mr Mrs Ms",
    "en": "Sen Rep Gov Gen Col Lt Capt Sgt Hon Rev Mt Ft Messrs Msgr Pres Supt",
    "de": "ehem Hr Hrn Dipl Ing bzw Hrsg sog geb zzgl inkl",
    "fr": "M MM Mme Mmes Mlle Mlles Me Pr Ste av boul bd env éd",
    "es": "Sr Sra Srta Sres D Dña Da Ud Uds av Av Avda Gral Ing Lic Arq Fr Sto Sta aprox",
    "it": "Sig sig Sigg dott Dott dr avv Avv ing Ing arch prof",
    "pt": "Sr Sra Dra Prof Profa Av av Eng",
    "nl": "dhr mevr mw drs ir mr",
    "ru": "ул им проф акад доц гр обл пл",
    "ar": "د أ م",
    "da": "hr fr dr",
    "sv": "hr fr dr",
    "pl": "dr inż mgr prof ul św",
}

#: Abbreviations that do not end a sentence when a number follows; in every language.
NUMBERING = """No Nos Nr nr N° n° Nº nº Fig fig Vol vol p P pp Pp s S Abb approx Approx ca Ca cf Cf Bd Kap chap Chap t art Art
 pág Pág págs núm Núm núms pag Pag blz Str str ch Ch кл д кв стр рис т п ص هـ ج n jan feb mar apr jun jul aug sep sept oct okt
 nov dec dez des janv févr avr juil déc ene abr ago dic gen giu lug ott янв фев апр авг сен окт ноя дек"""
